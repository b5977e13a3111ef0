"""Makes the snapshot of a cycle from what the engine shows: the ladder's view, the state and what was seen. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import is_
from typing import TYPE_CHECKING, Any, TypeVar

from tg1.models import ACTIVE
from tg1.rules.grid import hedge_rest
from tg1.rules.pausing import may_open
from tg1.told.sighting import NO_SAVES
from tg1.told.snapshot import (
    PROGRAM,
    Phase,
    Snapshot,
    ToldFeed,
    ToldLevel,
    ToldMoney,
    ToldOrder,
    ToldPosition,
    ToldPrice,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal

    from tg1.config import GridOcoConfig
    from tg1.kite.feed_values import FeedHealth
    from tg1.models import BotState, LegOrder, OpenOrder, Quote, Role, Statement, TradeSide
    from tg1.screen.view import LadderView, LevelView
    from tg1.told.snapshot import ToldAccount, ToldProcess, ToldSaves

    AccountOf = Callable[[Role, TradeSide], str]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is told beside the state: how the bot's edges are doing."""

    now: datetime
    boot_secs: float
    phase: Phase
    session_ends_at: datetime | None
    accounts: tuple[ToldAccount, ...]
    feed: ToldFeed | None
    saves: ToldSaves


class Portrait:
    """Makes snapshots of one bot; what did not change since the last one is taken from it."""

    def __init__(self, blank: Snapshot, account_of: AccountOf) -> None:
        """`blank` holds what never changes."""
        self._blank = blank
        self._account_of = account_of
        self._levels: dict[str, tuple[OpenOrder, str, bool, ToldLevel]] = {}
        self._orders: dict[str, tuple[LegOrder, ToldOrder]] = {}
        self._last: dict[type, tuple[Any, ...]] = {}

    def of(self, view: LadderView, state: BotState, around: Around) -> Snapshot:
        """The bot at the end of a cycle."""
        money = view.money
        return replace(
            self._blank,
            written_at=around.now,
            written_boot_secs=around.boot_secs,
            cycle=view.cycle,
            phase=around.phase,
            status=state.bot_status,
            trading_day=state.trading_day,
            session_ends_at=around.session_ends_at,
            centre=view.centre,
            steps=view.steps,
            prices=tuple(_prices(view)),
            levels=self._told_levels(view, state),
            orders=self._told_orders(state),
            bought_quantity=state.downside_net_quantity,
            sold_quantity=state.upside_net_quantity,
            max_quantity=view.max_quantity,
            max_quantity_reached=state.max_quantity_reached,
            hedged_buys=state.downside_oco_net_count,
            hedged_sells=state.upside_oco_net_count,
            paused=tuple(state.paused_sides),
            pause_seen=state.pause_seen,
            money=_money(money, view.token_a_symbol),
            positions=tuple(_positions(money)),
            accounts=around.accounts,
            feed=around.feed,
            saves=around.saves,
            attention=tuple(state.attention),
            losing=view.losing,
        )

    def _told_levels(self, view: LadderView, state: BotState) -> tuple[ToldLevel, ...]:
        levels = sorted(state.levels.values(), key=lambda level: level.entry_price, reverse=True)
        kept = {}
        for level, shown in zip(levels, view.levels, strict=True):
            paused = level.backoff.paused or not may_open(level, state.paused_sides)
            before = self._levels.get(level.uuid)
            if before is None or before[0] is not level or before[1] != shown.note or before[2] is not paused:
                before = (level, shown.note, paused, _level(level, shown, paused=paused))
            kept[level.uuid] = before
        self._levels = kept
        return self._same(ToldLevel, [told for _, _, _, told in kept.values()])

    def _told_orders(self, state: BotState) -> tuple[ToldOrder, ...]:
        kept = {}
        for level in state.levels.values():
            for order in level.orders:
                before = self._orders.get(order.client_id)
                if before is None or before[0] is not order:
                    account = self._account_of(order.role, level.trade_side)
                    before = (order, told_order(order, level.name, account))
                kept[order.client_id] = before
        for closing in state.closing:
            if not closing.is_over:
                kept[closing.order.client_id] = (closing.order, told_order(closing.order, "", closing.account))
        self._orders = kept
        return self._same(ToldOrder, [told for _, told in kept.values()])

    def _same(self, kind: type[T], told: Sequence[T]) -> tuple[T, ...]:
        """The last tuple itself when nothing in it has changed: whoever encodes it then need not look inside."""
        last = self._last.get(kind, ())
        if len(last) != len(told) or not all(map(is_, last, told)):
            last = self._last[kind] = tuple(told)
        return last


def told_feed(health: FeedHealth) -> ToldFeed:
    """The feed's health in the snapshot's words."""
    return ToldFeed(
        phase=health.phase,
        stalled=health.stalled,
        silent_secs=health.silent_secs,
        connections=health.connections,
        rebuilds=health.rebuilds,
        callback_errors=health.callback_errors,
        malformed=health.malformed,
        ignored_ticks=health.ignored_ticks,
        fault=health.fault,
    )


def _prices(view: LadderView) -> Iterator[ToldPrice]:
    yield _price(view.token_a_symbol, view.quote_a)
    if view.token_b_symbol:
        yield _price(view.token_b_symbol, view.quote_b)


def _price(symbol: str, quote: Quote | None) -> ToldPrice:
    if quote is None:
        return ToldPrice(symbol=symbol, price=None, age_secs=None, stale=True)
    return ToldPrice(symbol=symbol, price=quote.price, age_secs=quote.age_secs, stale=not quote.fresh)


def _level(level: OpenOrder, shown: LevelView, *, paused: bool) -> ToldLevel:
    hedged = bool(shown.oco_state) or level.oco_trade_price is not None
    return ToldLevel(
        level=level.level,
        trade_side=level.trade_side,
        state=level.state,
        entry_price=level.entry_price,
        target_price=level.target_price,
        hedge_price=level.oco_trade_price,
        entry_quantity=level.token_a_quantity,
        open_quantity=level.open_quantity,
        hedge_quantity=level.oco_traded.quantity + max(0, hedge_rest(level)) if hedged and level.is_open else 0,
        hedge_filled=level.oco_traded.quantity,
        hedge_state=shown.oco_state,
        paused=paused,
        note=shown.note,
    )


def told_order(order: LegOrder, level: str, account: str) -> ToldOrder:
    """An order in the snapshot's words; `level` is its level's name."""
    return ToldOrder(
        level=level,
        role=order.role,
        account=account,
        order_id=order.order_id or "",
        client_id=order.client_id,
        side=order.side,
        symbol=order.symbol,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        order_type=order.order_type,
        limit_price=order.limit_price,
        trigger_price=order.trigger_price,
        placed_at=order.placed_at,
        cancel_sent=order.cancel_sent,
    )


def _money(money: Statement, token_a: str) -> ToldMoney:
    return ToldMoney(
        net=money.net,
        realised=money.realised,
        open_a=_open(money, token_a, of_a=True),
        open_b=_open(money, token_a, of_a=False),
        squared_off=money.squared_off,
        charges=money.charges.total,
        is_current=money.is_current,
    )


def _open(money: Statement, token_a: str, *, of_a: bool) -> Decimal | None:
    gains = [money.gain(position) for position in money.positions if (position.symbol == token_a) is of_a]
    known = [gain for gain in gains if gain is not None]
    return sum(known, start=money.realised * 0) if len(known) == len(gains) else None


def _positions(money: Statement) -> Iterator[ToldPosition]:
    for position in money.positions:
        quote = money.quotes.get(position.symbol)
        yield ToldPosition(
            account=position.account,
            symbol=position.symbol,
            quantity=position.quantity,
            average=position.average,
            last=quote.price if quote else None,
            gain=money.gain(position),
        )


def blank_snapshot(config: GridOcoConfig, process: ToldProcess, run: str, now: datetime) -> Snapshot:
    """What is told of a bot before it has a state."""
    return Snapshot(
        name=config.bot_name,
        program=PROGRAM,
        process=process,
        run=run,
        is_paper=config.paper,
        written_at=now,
        written_boot_secs=0.0,
        cycle=0,
        poll_interval_secs=config.poll_interval,
        phase=Phase.STARTING,
        status=ACTIVE,
        waits_for="",
        end=None,
        trading_day=None,
        session_ends_at=None,
        trade_type=config.trade_type,
        product_type=config.product_type,
        token_a=config.token_a_symbol,
        token_b=config.token_b_symbol if config.has_oco else "",
        centre=None,
        steps=config.steps,
        prices=(),
        levels=(),
        orders=(),
        bought_quantity=0,
        sold_quantity=0,
        max_quantity=config.max_quantity,
        max_quantity_reached=False,
        hedged_buys=0,
        hedged_sells=0,
        paused=(),
        pause_seen="",
        money=None,
        positions=(),
        accounts=(),
        feed=None,
        saves=NO_SAVES,
        attention=(),
        losing="",
    )
