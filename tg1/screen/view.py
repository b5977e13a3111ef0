"""What an operator is shown of a running bot: one value per cycle, and one line of text. PURE.

`view_of` reads the state and never changes it; the ladder (`tg1.screen.ladder`) and the plain status line draw from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.models import ZERO, LevelState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from tg1.models import Backoff, BotState, LegOrder, OpenOrder, Quote, Side, TradeSide

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
        """The half's letter and the number, e.g. "B3" for the third BUY level."""
        return f"{self.trade_side.entry_direction[0]}{self.level}"

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
    total_pnl: Decimal
    """Rupees, realised only (behaviour 15)."""
    hedged_quantity: int
    """TokenA shares that OCO-closed levels still hold, bought and sold ones added up."""
    hedged_mark: Decimal | None
    """Rupees gained or lost on those at the last price; None without a price. Never realised (behaviour 15)."""
    attention: tuple[str, ...]

    @property
    def working(self) -> int:
        """TokenA orders at the broker, as far as anyone knows."""
        return sum(1 for level in self.levels if level.order_id)

    @property
    def in_doubt(self) -> int:
        """Levels with an order that may or may not exist."""
        return sum(1 for level in self.levels if level.is_in_doubt)


def view_of(
    state: BotState, *, now: datetime, cycle: int, quote_a: Quote | None, quote_b: Quote | None = None
) -> LadderView:
    """Return what to show of `state` at `now` (aware, IST); quotes are None when no price has ever arrived."""
    grid = state.grid
    hedged = [level for level in state.levels.values() if level.oco_filled and level.open_quantity]
    levels = sorted(state.levels.values(), key=lambda level: level.entry_price, reverse=True)
    return LadderView(
        at=now,
        cycle=cycle,
        bot_name=state.bot_name,
        status=str(state.bot_status),
        token_a_symbol=grid.token_a_symbol,
        token_b_symbol=grid.token_b_symbol if grid.trade_type.has_oco else "",
        quote_a=quote_a,
        quote_b=quote_b,
        centre=grid.entry_price,
        levels=tuple(_level_view(level, now, hedging=grid.trade_type.has_oco) for level in levels),
        upside_net_quantity=state.upside_net_quantity,
        downside_net_quantity=state.downside_net_quantity,
        upside_oco_net_count=state.upside_oco_net_count,
        downside_oco_net_count=state.downside_oco_net_count,
        max_quantity=grid.max_quantity,
        max_quantity_reached=state.max_quantity_reached,
        total_pnl=state.total_pnl,
        hedged_quantity=sum(level.open_quantity for level in hedged),
        hedged_mark=sum((_mark(level, quote_a.price) for level in hedged), ZERO) if quote_a else None,
        attention=tuple(entry.text for entry in state.attention),
    )


def status_line(view: LadderView) -> str:
    """Return the bot's state in one line, for logs without a ladder."""
    parts = [view.status, _priced(view.token_a_symbol, view.quote_a)]
    if view.token_b_symbol:
        parts.append(_priced(view.token_b_symbol, view.quote_b))
    parts.append(f"net upside {view.upside_net_quantity} downside {view.downside_net_quantity}")
    if view.token_b_symbol:
        parts.append(f"OCO upside {view.upside_oco_net_count} downside {view.downside_oco_net_count}")
    parts.append(f"{view.working} orders working" + (f", {view.in_doubt} in doubt" if view.in_doubt else ""))
    parts.append(f"P&L {view.total_pnl:+.2f}")
    if view.hedged_quantity:
        parts.append(hedged_text(view))
    if view.max_quantity_reached:
        parts.append("max quantity reached")
    if view.attention:
        parts.append(f"{len(view.attention)} for your attention")
    return " | ".join([*parts, f"cycle {view.cycle}"])


def hedged_text(view: LadderView) -> str:
    """Return what OCO-closed levels hold, apart from the realised P&L (behaviour 15)."""
    mark = "no price" if view.hedged_mark is None else f"{view.hedged_mark:+.2f} at last price"
    return f"hedged open {view.hedged_quantity} shares, {mark}"


def hedged_net(levels: Iterable[OpenOrder]) -> int:
    """Return the net TokenB shares that the levels' hedges have bought (above 0) or sold (below)."""
    return sum(level.oco_trade_direction.sign * level.oco_traded.quantity for level in levels)


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


def _mark(level: OpenOrder, last_price: Decimal) -> Decimal:
    """Rupees that the open TokenA shares of a level gained since they were traded."""
    return level.entry_direction.sign * level.open_quantity * (last_price - level.entry_traded.average)
