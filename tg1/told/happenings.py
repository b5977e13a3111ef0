"""What happened to a bot between two looks at it: events from two values of its state. PURE.

The engine is asked for nothing: an order that is there now and was not before was placed, shares that are booked now
and were not before are a fill. So nothing in trading knows that it is told of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tg1.models import Role, Side
from tg1.screen.money import account_name, signed, summary
from tg1.told.closings import of_closing
from tg1.told.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from tg1.models import (
        Attention,
        BotState,
        ClosingOrder,
        LegOrder,
        OpenOrder,
        OrderHistoryRecord,
        Statement,
        Traded,
        TradeSide,
    )

    AccountOf = Callable[[Role, TradeSide], str]
    Place = tuple[TradeSide, int]

Told = dict[str, Any]
"""The fields of an `Event` but for who, when and the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A bot at one look. Levels and records are frozen, so keeping them is keeping what they were."""

    day: date
    levels: Mapping[Place, OpenOrder]
    records: tuple[OrderHistoryRecord, ...]
    """The last completed ones."""
    attention: Mapping[str, Attention]
    """By key."""
    paused: tuple[Side, ...]
    closing: Mapping[str, ClosingOrder] = field(default_factory=dict)
    """Orders of a square-off, by their client id."""
    passed: frozenset[Place] = frozenset()
    """Levels whose hedge's price TokenB has passed without its fill."""
    save_fault: str = ""
    stale: frozenset[str] = frozenset()
    """Symbols without a fresh price."""
    blind: frozenset[str] = frozenset()
    """Accounts that have not been seen for half a minute."""


def seen_of(state: BotState, *, price_b: Decimal | None = None, **around: Any) -> Seen:
    """Look at a state; `price_b` is TokenB's fresh price in rupees."""
    levels = {(level.trade_side, level.level): level for level in state.levels.values()}
    return Seen(
        day=state.trading_day,
        levels=levels,
        records=tuple(state.order_history[-len(levels) * 2 - 1 :]),
        attention={entry.key: entry for entry in state.attention},
        paused=tuple(state.paused_sides),
        closing={one.order.client_id: one for one in state.closing},
        passed=frozenset(place for place, level in levels.items() if _is_passed(level, price_b)),
        **around,
    )


def _is_passed(level: OpenOrder, price_b: Decimal | None) -> bool:
    if price_b is None or level.oco_trade_price is None or not level.is_open:
        return False
    return (price_b - level.oco_trade_price) * level.oco_trade_direction.sign >= 0


def happened(before: Seen, after: Seen, account_of: AccountOf) -> list[Told]:
    """What happened between two looks, in the order in which it matters."""
    new = _new_records(before, after)
    trips = {record.uuid: record for record in new}
    told: list[Told] = []
    for place, level in after.levels.items():
        earlier = before.levels.get(place)
        if earlier is not level and earlier is not None:
            told += _of_level(earlier, level, trips.get(earlier.uuid), account_of, same_day=before.day == after.day)
    told += [_round_trip(record) for record in new]
    told += of_closing(before.closing, after.closing)
    told += [
        _passed(after.levels[place], account_of) for place in after.levels if place in after.passed - before.passed
    ]
    told += [*_of_attention(before, after), *_of_pause(before, after), *_of_edges(before, after)]
    return told


def _new_records(before: Seen, after: Seen) -> list[OrderHistoryRecord]:
    last = before.records[-1].seq if before.records else 0
    return [record for record in after.records if record.seq > last]


# -- one level ---------------------------------------------------------------------------------------------------------


def _of_level(
    before: OpenOrder, after: OpenOrder, trip: OrderHistoryRecord | None, account_of: AccountOf, *, same_day: bool
) -> Iterator[Told]:
    is_same = before.uuid == after.uuid
    for role in (Role.ENTRY, Role.TARGET, Role.OCO):
        now = _traded(after, role) if is_same else None if trip is None else _traded_by(trip, role)
        if now is not None and now[0] > _traded(before, role)[0]:
            yield _fill(before, role, _traded(before, role), now, account_of)
    if same_day:
        yield from _of_orders(before, after, account_of)


def _of_orders(before: OpenOrder, after: OpenOrder, account_of: AccountOf) -> Iterator[Told]:
    earlier = {order.client_id: order for order in before.orders}
    later = {order.client_id: order for order in after.orders}
    for client_id, order in earlier.items():
        if client_id not in later and not _is_filled(order, before, after):
            yield _gone(before, after, order, account_of)
        elif client_id in later and order.in_doubt and not later[client_id].in_doubt:
            yield _order(after, later[client_id], account_of, EventKind.PLACED, "found in the book")
    for client_id, order in later.items():
        if client_id not in earlier:
            how = "sent, its answer is not known" if order.in_doubt else "placed"
            yield _order(after, order, account_of, EventKind.PLACED, how)
    if not earlier and not later:
        yield from _refused(before, after, account_of)


def _is_filled(order: LegOrder, before: OpenOrder, after: OpenOrder) -> bool:
    """True when the order left because it was filled whole: its fill is told instead."""
    if before.uuid != after.uuid:
        return order.role is not Role.OCO or after.oco_filled
    grown = _traded(after, order.role)[0] - _traded(before, order.role)[0]
    return grown >= order.remaining


def _gone(before: OpenOrder, after: OpenOrder, order: LegOrder, account_of: AccountOf) -> Told:
    reason = _reason(before, after, order.role)
    if order.in_doubt:
        return _order(before, order, account_of, EventKind.CANCELLED, "never arrived")
    if order.cancel_sent:
        return _order(before, order, account_of, EventKind.CANCELLED, "cancelled")
    why = f": {reason}" if reason else ""
    return _order(before, order, account_of, EventKind.REJECTED, f"rejected or cancelled by the broker{why}")


def _refused(before: OpenOrder, after: OpenOrder, account_of: AccountOf) -> Iterator[Told]:
    """An order that was refused in the very cycle that sent it leaves nothing but its count."""
    hedge = after.oco_backoff.rejections > before.oco_backoff.rejections
    if hedge or after.backoff.rejections > before.backoff.rejections:
        backoff = after.oco_backoff if hedge else after.backoff
        role = Role.OCO if hedge else Role.ENTRY if after.order_side == "entry" else Role.TARGET
        yield _about(
            after, role, account_of, EventKind.REJECTED, f"{role.word} of {after.name} rejected: {backoff.reason}"
        )


def _reason(before: OpenOrder, after: OpenOrder, role: Role) -> str:
    was, now = (before.oco_backoff, after.oco_backoff) if role is Role.OCO else (before.backoff, after.backoff)
    return now.reason if now.rejections > was.rejections else ""


def _traded(level: OpenOrder, role: Role) -> tuple[int, Decimal]:
    traded: Traded = {
        Role.ENTRY: level.entry_traded,
        Role.TARGET: level.target_traded,
        Role.OCO: level.oco_traded,
    }[role]
    return traded.quantity, traded.value


def _traded_by(trip: OrderHistoryRecord, role: Role) -> tuple[int, Decimal]:
    quantity, average = {
        Role.ENTRY: (trip.entry_quantity, trip.entry_average),
        Role.TARGET: (trip.target_quantity, trip.target_average),
        Role.OCO: (trip.oco_quantity, trip.oco_average),
    }[role]
    return quantity, quantity * average


def _fill(
    level: OpenOrder, role: Role, was: tuple[int, Decimal], now: tuple[int, Decimal], account_of: AccountOf
) -> Told:
    quantity, value = now[0] - was[0], now[1] - was[1]
    side = level.entry_direction if role is Role.ENTRY else level.entry_direction.opposite
    order = level.oco_order if role is Role.OCO else level.order
    ours = order if order is not None and order.role is role else None
    did = "bought" if side is Side.BUY else "sold"
    symbol = f" {ours.symbol}" if ours else ""
    price = value / quantity
    text = f"{role.word} of {level.name} filled: {did} {quantity}{symbol} at {price:.2f}"
    told = _about(level, role, account_of, EventKind.FILL, text)
    told |= {"quantity": quantity, "price": price, "side": side}
    return told | (_ids(ours) if ours else {})


def _order(level: OpenOrder, order: LegOrder, account_of: AccountOf, kind: EventKind, how: str) -> Told:
    text = (
        f"{order.role.word} of {level.name} {how}: "
        f"{order.side} {order.quantity} {order.symbol} at {order.shown_price:.2f}"
    )
    told = _about(level, order.role, account_of, kind, text)
    told |= {"side": order.side, "quantity": order.quantity, "price": order.shown_price}
    return told | _ids(order)


def _ids(order: LegOrder) -> Told:
    return {"symbol": order.symbol, "order_id": order.order_id or "", "client_id": order.client_id}


def _about(level: OpenOrder, role: Role, account_of: AccountOf, kind: EventKind, text: str) -> Told:
    account = account_of(role, level.trade_side)
    return {"kind": kind, "text": text, "level": level.name, "role": role, "account": account}


def _passed(level: OpenOrder, account_of: AccountOf) -> Told:
    text = f"the hedge of {level.name} is due: its price {level.oco_trade_price:.2f} is passed and it has not filled"
    return _about(level, Role.OCO, account_of, EventKind.HEDGE_PASSED, text) | {"price": level.oco_trade_price}


def _round_trip(record: OrderHistoryRecord) -> Told:
    name = record.trade_side.named(record.level)
    how = {"target": "took its profit", "oco": "was closed by its hedge"}.get(record.outcome, "ended")
    net = record.net_pnl
    worth = f"net {signed(net)}" if net is not None else f"realised {signed(record.realised_pnl)}, net not known"
    text = f"{name} {how}: {worth}"
    return {"kind": EventKind.ROUND_TRIP, "text": text, "level": name, "net": net}


# -- the rest ----------------------------------------------------------------------------------------------------------


def _of_attention(before: Seen, after: Seen) -> Iterator[Told]:
    for key, entry in after.attention.items():
        earlier = before.attention.get(key)
        if earlier is None or earlier.text != entry.text:
            kind = EventKind.ATTENTION_OVER if entry.is_over else EventKind.ATTENTION
            yield {"kind": kind, "text": entry.text, "key": key}
    for key, entry in before.attention.items():
        if key not in after.attention:
            yield {"kind": EventKind.ATTENTION_OVER, "text": f"cleared: {entry.text}", "key": key}


def _of_pause(before: Seen, after: Seen) -> Iterator[Told]:
    for side in Side:
        if (side in after.paused) != (side in before.paused):
            paused = side in after.paused
            text = f"{side} entries are {'paused' if paused else 'placed again'}, as the operator wished"
            yield {"kind": EventKind.PAUSED if paused else EventKind.RESUMED, "text": text, "side": side}


def _of_edges(before: Seen, after: Seen) -> Iterator[Told]:
    if bool(before.save_fault) != bool(after.save_fault):
        if after.save_fault:
            yield {"kind": EventKind.SAVE_FAILING, "text": f"no orders are placed: {after.save_fault}"}
        else:
            yield {"kind": EventKind.SAVE_OK, "text": "the state can be saved again"}
    for symbol in sorted(after.stale ^ before.stale):
        stale = symbol in after.stale
        text = f"the price of {symbol} is {'stale' if stale else 'fresh again'}"
        yield {"kind": EventKind.PRICE_STALE if stale else EventKind.PRICE_FRESH, "text": text, "symbol": symbol}
    for account in sorted(after.blind ^ before.blind):
        blind = account in after.blind
        text = f"the {account_name(account)} account {'has not been seen for 30 s' if blind else 'is seen again'}"
        yield {"kind": EventKind.ACCOUNT_BLIND if blind else EventKind.ACCOUNT_SEEN, "text": text, "account": account}


def ended(kind: EventKind, why: str, money: Statement | None) -> Told:
    """How the process ended, with what the bot's money came to and what is held."""
    told = [why] if money is None else [why, *summary(money)]
    return {"kind": kind, "text": ". ".join(told), "net": None if money is None else money.net}
