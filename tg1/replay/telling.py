"""Turns what a notebook noted of a day into the day's story, for the report. PURE."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tg1.models import Role
from tg1.replay.bound import margin_of
from tg1.replay.reckoning import last_prices, marks
from tg1.replay.result import to_paisa
from tg1.replay.step import role_of
from tg1.replay.tape import SCALE, secs_of
from tg1.replay.worth import level_name, order_charges
from tg1.report.story import DayStory, Fill, HedgePrice, Held, OrderStory, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from tg1.config import GridOcoConfig
    from tg1.paper.orders import OrderEvent, PaperOrder
    from tg1.replay.reckoning import Trade
    from tg1.replay.result import DayResult, OpenPosition
    from tg1.replay.tape import DayTape
    from tg1.replay.worth import LevelPurses
    from tg1.rules.charges import Plans

_ROLES = {Role.ENTRY: "entry", Role.TARGET: "target", Role.OCO: "hedge", Role.CLOSE: "square-off", None: "square-off"}
_CLEARER = {"cancel all": "the bot ended and cancelled all"}
_ENDS = {"Filled": "filled", "Cancelled": "cancelled", "Rejected": "rejected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a level's hedge stood from some moment on; None: it needed none."""

    secs: float
    level: str
    side: str
    price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was noted of a day."""

    tape: DayTape
    result: DayResult
    symbols: tuple[str, ...]
    events: Sequence[OrderEvent]
    hedges: Sequence[Seen]
    why: Mapping[str, str]
    """Reasons of cancels, by the order's number."""
    grid: Mapping[str, tuple[Decimal, Decimal]]
    """Entry and target price of each level."""
    attention: tuple[str, ...]
    until: float
    """When the bot was last seen: its hedges stand no longer."""


def day_story(told: Told, config: GridOcoConfig, purses: LevelPurses) -> DayStory:
    """One day, ready to be shown."""
    tape, result = told.tape, told.result
    orders = order_stories(told, config.product_type, config.plans)
    morning = _morning(told)
    return DayStory(
        day=result.day,
        gross=to_paisa(result.gross),
        charges=to_paisa(result.charges.total),
        realised=to_paisa(result.realised),
        worst_open=result.worst_open,
        fills=result.fills,
        held=tuple(_held(one) for one in result.open),
        end=result.end,
        margin=margin_of(tape, marks(tape, told.symbols, result.before), morning, result.trades, orders),
        price_a=_price(tape, tape.a),
        price_b=_price(tape, tape.b) if config.has_oco else None,
        money=_money(tape, result, orders),
        open_gain=Series(secs=tape.secs, values=result.curve.unrealised),
        positions=_positions(told, morning),
        orders=orders,
        hedges=tuple(_spans(told.hedges, min(told.until, float(tape.secs[-1])))),
        levels=purses.day(result.trades, orders, told.grid, last_prices(tape, told.symbols), result.charges.total),
        attention=told.attention,
    )


def order_stories(told: Told, product: str, plans: Plans) -> tuple[OrderStory, ...]:
    """Every order of the day, in the order of their placement."""
    histories: dict[int, list[OrderEvent]] = defaultdict(list)
    for event in told.events:
        histories[event.order.app_order_id].append(event)
    traded: dict[str, list[Trade]] = defaultdict(list)
    for trade in told.result.trades:
        traded[trade.order_id].append(trade)
    return tuple(
        _order(told, history[-1], traded[str(number)], product, plans) for number, history in histories.items()
    )


def _order(told: Told, last: OrderEvent, trades: Sequence[Trade], product: str, plans: Plans) -> OrderStory:
    order, terms = last.order, last.order.terms
    return OrderStory(
        number=str(order.app_order_id),
        level=level_name(order.client_id),
        role=_ROLES[role_of(order.client_id)],
        account=order.account,
        symbol=order.symbol,
        side=order.side.value,
        quantity=order.quantity,
        limit=terms.limit_price or None,
        trigger=terms.stop_price or None,
        placed=secs_of(order.placed_at),
        ended=_ended(told, last),
        end=_ENDS.get(order.status.value, "working"),
        why=_why(told, order),
        fills=tuple(Fill(secs=secs_of(one.at), quantity=abs(one.quantity), price=one.price) for one in trades),
        charges=order_charges(trades, product, plans),
    )


def _ended(told: Told, last: OrderEvent) -> float:
    """What ends with the day, or never, was of no use after the last price."""
    close = float(told.tape.secs[-1])
    return min(secs_of(last.at), close) if last.order.status.value in _ENDS else close


def _why(told: Told, order: PaperOrder) -> str:
    """Why an order did not fill: the bot's reason for its cancel, or the exchange's."""
    if _ENDS.get(order.status.value) == "filled":
        return ""
    reason = told.why.get(str(order.app_order_id), "")
    return _CLEARER.get(reason, reason) or order.reason


def _price(tape: DayTape, cells: NDArray[np.int64]) -> Series:
    known = cells > 0
    return Series(secs=tape.secs[known], values=cells[known] / SCALE)


def _money(tape: DayTape, result: DayResult, orders: Iterable[OrderStory]) -> dict[str, Series]:
    """Gross is at the last prices; an order's charges are due with its first fill, the rest at the day's end."""
    charges = np.zeros(len(tape))
    for order in orders:
        if order.fills:
            charges[tape.index_from(order.fills[0].secs) :] += float(order.charges)
    # Of the whole day some are dearer or cheaper together than each alone: what leaves the demat account, for one.
    charges[-1] = float(to_paisa(result.charges.total))
    gross = result.curve.value
    return {
        name: Series(secs=tape.secs, values=values)
        for name, values in (("net", gross - charges), ("gross", gross), ("charges", charges))
    }


def _morning(told: Told) -> dict[tuple[str, str], int]:
    """Shares that were held before the first trade."""
    held: dict[tuple[str, str], int] = defaultdict(int)
    for one in told.result.open:
        held[one.account, one.symbol] += one.quantity
    for trade in told.result.trades:
        held[trade.account, trade.symbol] -= trade.quantity
    return {place: quantity for place, quantity in held.items() if quantity}


def _positions(told: Told, morning: Mapping[tuple[str, str], int]) -> dict[str, Series]:
    """Signed shares over the day, by account and symbol, TokenA first."""
    tape, trades = told.tape, told.result.trades
    places = {*morning, *((trade.account, trade.symbol) for trade in trades)}
    found = {}
    for account, symbol in sorted(places, key=lambda place: (place[1] != told.symbols[0], place)):
        secs, values = [float(tape.secs[0])], [float(morning.get((account, symbol), 0))]
        for trade in trades:
            if (trade.account, trade.symbol) == (account, symbol):
                secs.append(secs_of(trade.at))
                values.append(values[-1] + trade.quantity)
        secs.append(max(secs[-1], float(tape.secs[-1])))
        found[f"{account} {symbol}"] = Series(secs=np.array(secs), values=np.array([*values, values[-1]]))
    return found


def _spans(seen: Sequence[Seen], close: float) -> Iterable[HedgePrice]:
    """Each price of each level's hedge, until the next one of that level."""
    for number, one in enumerate(seen):
        if one.price is not None:
            later = (other.secs for other in seen[number + 1 :] if other.level == one.level)
            yield HedgePrice(level=one.level, side=one.side, price=one.price, since=one.secs, until=next(later, close))


def _held(one: OpenPosition) -> Held:
    return Held(account=one.account, symbol=one.symbol, quantity=one.quantity, average=one.average, last=one.last)
