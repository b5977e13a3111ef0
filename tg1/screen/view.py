"""What an operator is shown of a running bot: one value per cycle, and one line of text. PURE.

`view_of` reads the state and never changes it; the ladder (`tg1.screen.ladder`) and the plain status line draw from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.models import LevelState
from tg1.screen.money import counted, net_text, parts_text, position_text

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tg1.models import Backoff, BotState, LegOrder, OpenOrder, Quote, Side, Statement, TradeSide

WORDS = {
    LevelState.FRESH: "fresh",
    LevelState.ENTRY_PLACED: "entry",
    LevelState.TARGET_READY: "ready",
    LevelState.TARGET_PLACED: "target",
    LevelState.TARGET_FILLED: "filled",
    LevelState.OCO_FILLED: "hedged",
    LevelState.CLOSED: "closed",
}
"""How a state is written in a narrow column."""

IN_DOUBT = "?"
"""Stands for the id of an order of which nobody knows whether it exists (behaviour 3.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelView:
    """One rung of the ladder."""

    level: int
    trade_side: TradeSide
    state: LevelState
    entry_price: Decimal
    """Rupees; the rung's place on the ladder."""
    direction: Side
    """Of the order that is working or comes next."""
    price: Decimal
    """Rupees; of that order."""
    quantity: int
    """Shares of that order; 0 when there is none."""
    filled_quantity: int
    """Shares of it that are booked."""
    order_id: str
    """AppOrderID, "?" while in doubt, empty when nothing is placed."""
    oco_price: Decimal | None
    """Rupees; None while there is no hedge or its price is not known yet."""
    oco_state: str
    """"pending", "waits", "works", "cancel", "?", "paused", "filled" or empty."""
    note: str
    """Why the level pauses or backs off; empty when it does not."""

    @property
    def name(self) -> str:
        """Its half's letter and its number, e.g. "B3"."""
        return self.trade_side.named(self.level)

    @property
    def is_in_doubt(self) -> bool:
        """True while one of its orders may or may not exist."""
        return IN_DOUBT in (self.order_id, self.oco_state)

    @property
    def needs_eyes(self) -> bool:
        """True for a rung that is shown however far the price is: a position, a doubt or a pause."""
        holds = self.state not in (LevelState.FRESH, LevelState.ENTRY_PLACED, LevelState.CLOSED)
        return holds or self.filled_quantity > 0 or self.is_in_doubt or bool(self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderView:
    """A bot at the end of one cycle."""

    at: datetime
    """Aware IST time of the cycle."""
    cycle: int
    bot_name: str
    status: str
    token_a_symbol: str
    token_b_symbol: str
    """Empty without a hedge."""
    quote_a: Quote | None
    quote_b: Quote | None
    centre: Decimal
    """Rupees; the grid's entry price."""
    levels: tuple[LevelView, ...]
    """Highest entry price first."""
    upside_net_quantity: int
    downside_net_quantity: int
    upside_oco_net_count: int
    downside_oco_net_count: int
    max_quantity: int
    max_quantity_reached: bool
    steps: int
    """Levels per side: so many hedges filled on one side end the bot (architecture 13)."""
    money: Statement
    losing: str
    """Why the grid's round trips lose money; empty when they pay."""
    attention: tuple[str, ...]

    @property
    def working(self) -> int:
        """TokenA orders at the broker, as far as anyone knows."""
        return sum(1 for level in self.levels if level.order_id)

    @property
    def in_doubt(self) -> int:
        """Levels with an order that may or may not exist."""
        return sum(1 for level in self.levels if level.is_in_doubt)


def view_of(state: BotState, money: Statement, *, now: datetime, cycle: int, losing: str = "") -> LadderView:
    """Return what to show of `state` at `now` (aware, IST); the prices are those that `money` was reckoned at."""
    grid = state.grid
    levels = sorted(state.levels.values(), key=lambda level: level.entry_price, reverse=True)
    return LadderView(
        at=now,
        cycle=cycle,
        bot_name=state.bot_name,
        status=str(state.bot_status),
        token_a_symbol=grid.token_a_symbol,
        token_b_symbol=grid.token_b_symbol if grid.trade_type.has_oco else "",
        quote_a=money.quotes.get(grid.token_a_symbol),
        quote_b=money.quotes.get(grid.token_b_symbol),
        centre=grid.entry_price,
        levels=tuple(_level_view(level, now, hedging=grid.trade_type.has_oco) for level in levels),
        upside_net_quantity=state.upside_net_quantity,
        downside_net_quantity=state.downside_net_quantity,
        upside_oco_net_count=state.upside_oco_net_count,
        downside_oco_net_count=state.downside_oco_net_count,
        max_quantity=grid.max_quantity,
        max_quantity_reached=state.max_quantity_reached,
        steps=grid.steps,
        money=money,
        losing=losing,
        attention=tuple(entry.text for entry in state.attention),
    )


def status_line(view: LadderView) -> str:
    """Return the bot's state in one line, for logs without a ladder: the money first (behaviour 15)."""
    parts = [str(view.status), f"{net_text(view.money)} ({parts_text(view.money)})"]
    parts += [position_text(position, view.money) for position in view.money.positions]
    parts.append(_priced(view.token_a_symbol, view.quote_a))
    if view.token_b_symbol:
        parts.append(_priced(view.token_b_symbol, view.quote_b))
    parts.append(entries_text(view))
    if view.token_b_symbol:
        parts.append(hedges_text(view))
    parts.append(f"{counted(view.working, 'order')} working" + (f", {view.in_doubt} in doubt" if view.in_doubt else ""))
    if view.max_quantity_reached:
        parts.append("max quantity reached")
    if view.attention:
        parts.append(f"{len(view.attention)} for your attention")
    return " | ".join([*parts, f"cycle {view.cycle}"])


def entries_text(view: LadderView) -> str:
    """Return how many shares entries have opened that no target has closed, and where new entries pause."""
    sold, bought = view.upside_net_quantity, view.downside_net_quantity
    return f"entries open: {sold} sold, {bought} bought of {view.max_quantity}"


def hedges_text(view: LadderView) -> str:
    """Return how many levels of each side a hedge has closed, and at how many the bot ends (architecture 13)."""
    return f"hedged levels: {view.upside_oco_net_count} sell, {view.downside_oco_net_count} buy of {view.steps}"


def _priced(symbol: str, quote: Quote | None) -> str:
    if quote is None:
        return f"{symbol} no price"
    return f"{symbol} {quote.price:.2f}" + ("" if quote.fresh else f" (stale, {quote.age_secs:.0f} s)")


def _level_view(level: OpenOrder, now: datetime, *, hedging: bool) -> LevelView:
    order = level.order
    return LevelView(
        level=level.level,
        trade_side=level.trade_side,
        state=level.state,
        entry_price=level.entry_price,
        direction=level.entry_trade_direction,
        price=level.entry_trade_price,
        quantity=order.quantity if order else 0,
        filled_quantity=order.filled_quantity if order else 0,
        order_id=_order_id(order),
        oco_price=level.oco_trade_price,
        oco_state=_oco_state(level) if hedging else "",
        note="; ".join(filter(None, (_note("", level.backoff, now), _note("OCO ", level.oco_backoff, now)))),
    )


def _order_id(order: LegOrder | None) -> str:
    return "" if order is None else order.order_id or IN_DOUBT


def _oco_state(level: OpenOrder) -> str:
    if level.oco_filled:
        return "filled"
    order = level.oco_order
    if order is not None:
        return IN_DOUBT if order.in_doubt else "cancel" if order.cancel_sent else "works"
    if not level.is_open:
        return ""
    if level.oco_trade_price is None:
        return "pending"
    return "paused" if level.oco_backoff.paused else "waits"


def _note(leg: str, backoff: Backoff, now: datetime) -> str:
    why = f": {backoff.reason}" if backoff.reason else ""
    if backoff.paused:
        return f"{leg}paused after {backoff.rejections} rejections{why}"
    if backoff.rejections and backoff.retry_at is not None and backoff.retry_at > now:
        wait_secs = (backoff.retry_at - now).total_seconds()
        return f"{leg}rejected {backoff.rejections} times, next try in {wait_secs:.0f} s{why}"
    return ""
