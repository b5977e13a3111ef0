"""The code broken on purpose, once or more for each invariant: what a simulation that can't fail would be worth.

Each mutation is run with only its invariant switched on, so the list also says which invariant catches what.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tests.simulation import days, late_orders, money, slow_books, street
from tests.simulation import invariants as inv
from tests.simulation.chaos import HELL
from tests.simulation.world import SimTransport
from tg1.errors import NoAnswer
from tg1.models import COMPLETED, ZERO, LevelState, OrderSide, Role, Side
from tg1.rules import brackets, conclusions, decide, fills, reconcile, rejections, squaring, tickets
from tg1.rules import grid as rules_grid
from tg1.state import StateManager
from tg1.trading import book, bookkeeper, emergency, ending, new_day, order_desk, settling, strangers
from tg1.trading.closing_orders import ClosingOrders
from tg1.trading.hedge_alarm import HedgeAlarm
from tg1.trading.sight import Sight
from tg1.xts import answer, turns
from tg1.xts.pacing import SlidingWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One way to break the bot."""

    name: str
    invariant: str
    apply: Callable[[], AbstractContextManager[Any]]
    changes: dict[str, Any] = field(default_factory=dict)
    """Settings under which the fault shows soon."""


MANY_HEDGES: dict[str, Any] = {
    "trade_type": "gridocots",
    "token_b_symbol": "SBIN",
    "steps": 5,
    "spread": "0.3",
    "target_spread": "0.5",
    "oco_spread": "0.5",
    "token_b_quantity": 50,
    "oco_stop_count": 99,
    "oco_order_type": "stop-limit",
    "max_open_entries": 0,
}


SOON_COMPLETED: dict[str, Any] = {
    "trade_type": "buyts",
    "token_b_symbol": None,
    "oco_spread": None,
    "token_b_quantity": None,
    "oco_stop_count": None,
    "oco_order_type": None,
    "steps": 2,
    "spread": "0.3",
    "target_spread": "0.3",
    "max_open_entries": 0,
    "auto_reenter": False,
    "product_type": "MIS",
}


def _unknown_is_retried() -> AbstractContextManager[Any]:
    """An unanswered placement is taken for a failed one (reference.md 10)."""
    send = order_desk.OrderDesk._send

    def broken(desk: Any, uuid: str, order: Any, moment: Any) -> None:
        send(desk, uuid, order, moment)
        placed = desk._keeper.state.levels[uuid]
        leg = placed.oco_order if order.role is Role.OCO else placed.order
        if leg is not None and leg.in_doubt:
            desk._free(uuid, order)

    return patch.object(order_desk.OrderDesk, "_send", broken)


@contextmanager
def _strangers_are_overlooked() -> Iterator[None]:
    """Doubts are dropped and nobody looks for orphans (failures.md II.13)."""
    with _unknown_is_retried(), patch.object(strangers.Strangers, "judge", lambda *_, **__: []):
        yield


def _no_save_before_sending() -> AbstractContextManager[Any]:
    """The order id is saved at the end of the cycle only (reference.md 8)."""
    place = order_desk.OrderDesk.place

    def broken(desk: Any, tickets: Any, moment: Any) -> None:
        save = desk._keeper.save
        desk._keeper.save = lambda _now: None
        try:
            place(desk, tickets, moment)
        finally:
            desk._keeper.save = save

    return patch.object(order_desk.OrderDesk, "place", broken)


def _all_entries_at_once() -> AbstractContextManager[Any]:
    def broken(levels: Any, now: Any, *_: Any) -> list[Any]:
        return [lv for lv in levels if lv.state is LevelState.FRESH and rejections.is_entry_due(lv.backoff, now)]

    return patch.object(decide, "entries_due", broken)


def _hedge_everything() -> AbstractContextManager[Any]:
    def broken(levels: Any, _rules: Any, _price: Any) -> tuple[list[Any], ...]:
        return list(levels), [], [], []

    return _both(patch.object(brackets, "_ranked", broken), patch.object(brackets, "PLACES", 9))


def _cancels_in_flight_are_not_counted() -> AbstractContextManager[Any]:
    """A place is used again as soon as its cancel was sent."""
    plan = brackets.plan_ocos

    def broken(levels: Any, rules: Any, price: Any, now: Any) -> Any:
        free = [replace(lv, oco_order=None) if lv.oco_order and lv.oco_order.cancel_sent else lv for lv in levels]
        kept = {lv.uuid: lv for lv in levels if lv.oco_order is None}
        place = tuple(kept[lv.uuid] for lv in plan(free, rules, price, now).place if lv.uuid in kept)
        return replace(plan(levels, rules, price, now), place=place)

    return patch.object(brackets, "plan_ocos", broken)


def _fills_are_booked_at_every_read() -> AbstractContextManager[Any]:
    """Old fills in the day's book are processed again (reference.md 24)."""
    resolve = reconcile.resolve

    def broken(order: Any, row: Any) -> Any:
        reading = resolve(order, row)
        return replace(reading, new_quantity=reading.order.filled_quantity, new_value=reading.order.filled_value)

    return _both(
        patch.object(bookkeeper, "resolve", broken), patch.object(bookkeeper, "_nothing_new", lambda *_: False)
    )


def _cancelled_means_unfilled() -> AbstractContextManager[Any]:
    """What filled before a cancel is forgotten (reference.md 12, failures.md IV.44)."""
    resolve = reconcile.resolve

    def broken(order: Any, row: Any) -> Any:
        reading = resolve(order, row)
        if reading.resolution in (reconcile.Resolution.CANCELLED, reconcile.Resolution.REJECTED):
            return replace(reading, new_quantity=0, new_value=ZERO)
        return reading

    return patch.object(bookkeeper, "resolve", broken)


def _target_reduces_the_other_counter() -> AbstractContextManager[Any]:
    """Reference.md 3."""
    update = StateManager.update_quantity

    def broken(store: Any, kind: OrderSide, side: Side, quantity: int) -> None:
        update(store, kind, side.opposite if kind is OrderSide.TARGET else side, quantity)

    return patch.object(StateManager, "update_quantity", broken)


def _pnl_of_the_whole_position() -> AbstractContextManager[Any]:
    """Reference.md 30."""

    def broken(level: Any) -> Any:
        traded = level.target_traded
        if not traded.quantity:
            return ZERO
        return (level.entry_traded.value - traded.value) * level.entry_direction.opposite.sign

    return patch.object(fills, "realised", broken)


def _targets_are_never_placed() -> AbstractContextManager[Any]:
    """Reference.md 1."""
    return patch.object(decide, "targets_due", lambda *_: [])


def _hedge_stays_pending() -> AbstractContextManager[Any]:
    """Reference.md 15: without a TokenB price at the fill there is never a hedge."""
    finish = fills._opened

    def broken(level: Any, order: Any, rules: Any, moment: Any, seq: int) -> Any:
        return finish(replace(level, token_b_price=None), order, rules, replace(moment, price_b=None), seq)

    return _both(
        patch.object(fills, "_opened", broken),
        patch("tg1.trading.hedging.Hedging.price_pending", lambda *_: None),
    )


def _everything_looks_ours() -> AbstractContextManager[Any]:
    """Orders without the tag are swept up, too (failures.md VII.67)."""
    init = book.Book.__init__

    def broken(made: Any, account: str, rows: Any, tag: str) -> None:
        rows = list(rows)
        init(made, account, rows, tag)
        for row in rows:
            made.ours.setdefault(row.client_id, []).append(row)

    return patch.object(book.Book, "__init__", broken)


def _reconcile_uses_up_attempts() -> AbstractContextManager[Any]:
    """Ids differ per run (failures.md III.25)."""
    open_question = settling.open_question

    def broken(parts: Any, books: Any) -> str:
        levels = parts.state.levels
        for key, level in levels.items():
            levels[key] = replace(level, attempts=level.attempts + 1)
        return open_question(parts, books)

    return patch.object(settling, "open_question", broken)


def _cancel_is_taken_at_its_word() -> AbstractContextManager[Any]:
    """A cancel request that succeeded counts as cancelled (reference.md 6, 16)."""

    def broken(parts: Any, why: str) -> list[str]:
        moment = parts.moment()
        for level, order in list(parts.keeper.live_orders()):
            parts.desk.cancel(level, order, why, moment)
        return []

    return _both(patch("tg1.grid_engine.cancel_everything", broken), patch.object(ending, "cancel_everything", broken))


def _stop_takes_a_cancel_at_its_word() -> AbstractContextManager[Any]:
    """`--cancel-all` sends its cancels and says that nothing works (behaviour 13)."""

    def broken(parts: Any, why: str, *_: Any) -> list[str]:
        moment = parts.moment()
        for level, order in list(parts.keeper.live_orders()):
            parts.desk.cancel(level, order, why, moment)
        return []

    return _both(patch.object(emergency, "cancel_everything", broken), patch.object(days, "CHANCE_OF_EMERGENCY", 1.0))


def _hedge_stays_whole_after_a_part_was_sold() -> AbstractContextManager[Any]:
    """Ninety of a hundred sold at the target, and the hedge is for the hundred (behaviour 6.3)."""
    return patch.object(brackets, "is_oversized", lambda *_: False)


def _no_pacing() -> AbstractContextManager[Any]:
    return _both(
        patch.object(SlidingWindow, "next_send_time", lambda *_: None), patch.object(turns, "READ_GAP_SECS", 0.0)
    )


def _same_id_again() -> AbstractContextManager[Any]:
    """A new attempt goes out under the old client id."""
    write = order_desk.OrderDesk._write_intent

    def broken(desk: Any, ticket: Any, moment: Any) -> Any:
        state = desk._keeper.state
        level = state.levels[ticket.level.uuid]
        state.levels[level.uuid] = replace(level, attempts=0)
        return write(desk, ticket, moment)

    return patch.object(order_desk.OrderDesk, "_write_intent", broken)


def _take_back_raises_no_attempt() -> AbstractContextManager[Any]:
    """A restored backup's forgotten order is taken back, and its number is given out again (behaviour 3.1, 3.4)."""
    return _both(
        _always_stormy(patch.object(strangers, "stay", lambda level, **_: level)),
        patch.object(days, "CHANCE_OF_RESTORE", 1.0),
    )


def _placed_again_by_the_wire() -> AbstractContextManager[Any]:
    """The transport repeats a POST that was not answered (failures.md I.4)."""
    send = SimTransport.send

    def broken(transport: Any, request: Any) -> Any:
        try:
            return send(transport, request)
        except NoAnswer:
            return send(transport, request)

    return patch.object(SimTransport, "send", broken)


def _hedges_lie_behind_the_market() -> AbstractContextManager[Any]:
    """A passed hedge is a limit order at its own price, and nobody is told that it rests there (behaviour 6.1, 7.4)."""

    def broken(level: Any, rules: Any, price_b: Any) -> Any:
        ticket = oco_ticket(level, rules, price_b)
        if ticket.terms.trigger_price is not None:
            return ticket
        return replace(ticket, terms=replace(ticket.terms, limit_price=level.oco_trade_price))

    oco_ticket = tickets.oco_ticket
    return _both(patch.object(tickets, "oco_ticket", broken), patch.object(HedgeAlarm, "look", lambda *_: None))


def _hedges_are_always_whole() -> AbstractContextManager[Any]:
    """A hedge order is for the whole quantity, whatever the entry bought (behaviour 6.3)."""
    return patch.object(rules_grid, "hedge_need", lambda level: level.token_b_quantity)


def _nobody_looks_for_what_is_missing() -> AbstractContextManager[Any]:
    """An hour of an empty book, and nothing is said (behaviour 4.4)."""
    return patch.object(Sight, "look", lambda *_: None)


def _blank_books_are_taken_for_empty() -> AbstractContextManager[Any]:
    """A server that answers "success" with nothing is believed (behaviour 4.4)."""
    return patch.object(bookkeeper.Bookkeeper, "drop_blank", lambda *_: None)


def _closes_twice() -> AbstractContextManager[Any]:
    """A square-off that closes again what is closed already: the trader stands on the other side (behaviour 13)."""
    return _often_flattened(patch.object(squaring, "closable", lambda ours, _net: 2 * ours))


def _closes_half() -> AbstractContextManager[Any]:
    """A square-off that says "done" with half of it left (behaviour 13)."""
    return _often_flattened(patch.object(squaring, "held", _half_of_what_is_held(squaring.held)))


def _closing_orders_are_not_looked_up() -> AbstractContextManager[Any]:
    """What an interrupted square-off has filled is closed again, out of somebody else's shares (behaviour 13)."""

    def broken(orders: Any, **_: Any) -> list[Any]:
        for one in orders.live():
            orders.note(one.order, over=True)
        return []

    always = patch.object(days, "CHANCE_OF_INTERRUPTION", 1.0), patch.object(days, "CHANCE_OF_AGAIN", 1.0)
    return _often_flattened(_always_stormy(_both(patch.object(ClosingOrders, "settle", broken), _both(*always))))


def _half_of_what_is_held(held: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: {place: shares // 2 for place, shares in held(*given).items() if abs(shares) > 1}


@contextmanager
def _often_flattened(broken: AbstractContextManager[Any]) -> Iterator[None]:
    """The operator squares off whenever the bot has died."""
    with broken, patch.object(days, "CHANCE_OF_EMERGENCY", 1.0), patch.object(days, "CHANCE_OF_FLATTEN", 1.0):
        yield


def _cancels_are_repeated() -> AbstractContextManager[Any]:
    """A cancel that hangs is asked for in every cycle (behaviour 4.6, 11.3)."""
    return patch.object(order_desk, "CANCEL_AGAIN_SECS", 0.0)


def _own_cancels_count_as_rejections() -> AbstractContextManager[Any]:
    """Each swing of TokenB is charged to the hedge; at the fifth it waits a minute at a time (behaviour 8)."""

    def broken(desk: Any, level: Any, order: Any, why: str, moment: Any) -> None:
        if order.order_id is not None:
            account = desk._client.account_of(order.role, level.trade_side)
            desk.request_cancel(account, order.order_id, order.client_id, why, moment)

    return patch.object(order_desk.OrderDesk, "cancel", broken)


def _second_morning_keeps_the_old_centre() -> AbstractContextManager[Any]:
    """An MIS bot with --auto-entry trades around yesterday's price (behaviour 1.4, 9.5)."""
    roll = new_day.NewDay.roll
    return patch.object(new_day.NewDay, "roll", lambda day, today, _price: roll(day, today, None))


def _absences_are_never_forgotten() -> AbstractContextManager[Any]:
    """An order that the book showed in between needs one more absence to be placed again (behaviour 3.3)."""
    return _books_are_slow(patch.object(reconcile.DoubtTracker, "forget", lambda *_: None))


def _two_reads_prove_absence() -> AbstractContextManager[Any]:
    """Behaviour 3.3 asks for three: a book that lags for two reads is a second order."""
    return _books_are_slow(patch.object(reconcile, "ABSENT_READS", 2))


def _books_are_slow(broken: AbstractContextManager[Any]) -> AbstractContextManager[Any]:
    return _both(broken, patch.object(slow_books, "CHANCE", 1.0))


def _late_averages_are_overlooked() -> AbstractContextManager[Any]:
    """What filled is worth the order's own price for good (behaviour 5.1)."""
    resolve = reconcile.resolve

    def broken(order: Any, row: Any) -> Any:
        reading = resolve(order, row)
        if reading.new_quantity:
            return reading
        return replace(reading, order=replace(reading.order, filled_value=order.filled_value), new_value=ZERO)

    return patch.object(bookkeeper, "resolve", broken)


def _completed_is_for_good() -> AbstractContextManager[Any]:
    """An MIS bot that was completed yesterday doesn't trade today (behaviour 1.5)."""
    return patch("tg1.grid_engine.is_finished", lambda saved, _today: saved.bot_status == COMPLETED)


def _last_word_is_tried_once() -> AbstractContextManager[Any]:
    """A fault of one second loses the end of a bot, and the fills that came with it."""

    def broken(end: Any) -> None:
        end._parts.save(end._parts.moment())

    return patch.object(ending.Ending, "_save_last_word", broken)


def _refused_cancels_count_as_sent() -> AbstractContextManager[Any]:
    """The broker's own cancel is taken for the bot's: it fights a square-off without backing off (behaviour 8)."""
    request = order_desk.OrderDesk.request_cancel

    def broken(desk: Any, account: str, order_id: str, *rest: Any) -> bool:
        before = desk._cancel_sent_at.get(order_id)
        return request(desk, account, order_id, *rest) or desk._cancel_sent_at.get(order_id) != before

    return patch.object(order_desk.OrderDesk, "request_cancel", broken)


def _orphans_are_not_read_on() -> AbstractContextManager[Any]:
    """An orphan whose cancel was lost works on once nothing else does in its account (behaviour 3.4)."""
    judge = strangers.Strangers.judge

    def broken(each: Any, *given: Any, **named: Any) -> Any:
        found = judge(each, *given, **named)
        each.accounts = set()
        return found

    return _both(
        _always_stormy(patch.object(strangers.Strangers, "judge", broken)), patch.object(late_orders, "TIMES", 4.0)
    )


def _unread_accounts_are_judged() -> AbstractContextManager[Any]:
    """A bot ends for hedges in an account that it can't read: they may have filled long ago (behaviour 4.4, 7.4)."""
    return _always_stormy(patch.object(bookkeeper.Bookkeeper, "is_unseen", lambda *_: False))


def _all_of_a_hedge_is_too_much() -> AbstractContextManager[Any]:
    """The operator closes fifty of a hedge of which twenty are too many (behaviour 6.5)."""

    def broken(level: Any) -> int:
        need = hedge_need(level)
        return 0 if level.oco_traded.quantity > need else need

    hedge_need = rules_grid.hedge_need
    return patch.object(conclusions, "hedge_need", broken)


@contextmanager
def _hedges_keep_an_old_tick() -> Iterator[None]:
    """A hedge's trigger is put on no tick: after a change of tick it is rejected for good (behaviour 1.2)."""
    prices = patch.object(tickets, "_oco_price", lambda level, _rules, price_b: level.oco_trade_price or price_b)
    with prices, patch.object(street, "CHANCE_OF_NEW_TICKS", 1.0):
        yield


def _limits_are_dead_sessions() -> AbstractContextManager[Any]:
    """A limiter under 403 is answered by a login, which kills the session of every bot of the key (xts.md 4.4)."""
    usual: Any = vars(answer.Answer)["is_rate_limit"]

    def broken(told: Any) -> bool:
        return usual.fget(told) and told.status not in answer.AUTH_STATUSES

    return patch.object(answer.Answer, "is_rate_limit", property(broken))


def _parts_excuse_a_rejection() -> AbstractContextManager[Any]:
    """A hedge that filled in part and was then cancelled by its broker is charged to nobody (behaviour 8)."""
    rejected = rejections.rejected

    def broken(level: Any, order: Any, reason: str) -> Any:
        told = rejected(level, order, reason)
        return replace(told, rejection=None) if order.filled_quantity else told

    return patch.object(fills, "rejected", broken)


@contextmanager
def _always_stormy(broken: AbstractContextManager[Any]) -> Iterator[None]:
    with broken, patch.object(days, "CALM", HELL), patch.object(days, "ROUGH", HELL):
        yield


@contextmanager
def _both(*patches: AbstractContextManager[Any]) -> Iterator[None]:
    with patches[0], patches[1]:
        yield


MUTATIONS = (
    Mutation(name="an unanswered placement is retried", invariant=inv.ONE_PER_ROLE, apply=_unknown_is_retried),
    Mutation(name="strangers with our tag are overlooked", invariant=inv.KNOWN, apply=_strangers_are_overlooked),
    Mutation(name="no save before sending", invariant=inv.INTENT_FIRST, apply=_no_save_before_sending),
    Mutation(name="all entries at once", invariant=inv.ONE_ENTRY, apply=_all_entries_at_once),
    Mutation(name="every level is hedged at once", invariant=inv.TWO_OCOS, apply=_hedge_everything),
    Mutation(
        name="cancels in flight free their place",
        invariant=inv.TWO_OCOS,
        apply=_cancels_in_flight_are_not_counted,
        changes=MANY_HEDGES,
    ),
    Mutation(name="fills are booked at every read", invariant=inv.COUNTERS, apply=_fills_are_booked_at_every_read),
    Mutation(name="cancelled means unfilled", invariant=inv.COUNTERS, apply=_cancelled_means_unfilled),
    Mutation(
        name="a target reduces the other counter", invariant=inv.COUNTERS, apply=_target_reduces_the_other_counter
    ),
    Mutation(name="P&L of the whole position", invariant=inv.COUNTERS, apply=_pnl_of_the_whole_position),
    Mutation(name="targets are never placed", invariant=inv.COVERED, apply=_targets_are_never_placed),
    Mutation(name="a pending hedge stays pending", invariant=inv.COVERED, apply=_hedge_stays_pending),
    Mutation(name="every order looks ours", invariant=inv.FOREIGN, apply=_everything_looks_ours),
    Mutation(name="reconciling uses up attempts", invariant=inv.IDEMPOTENT, apply=_reconcile_uses_up_attempts),
    Mutation(name="a cancel is taken at its word", invariant=inv.NOTHING_LEFT, apply=_cancel_is_taken_at_its_word),
    Mutation(
        name="the emergency stop takes a cancel at its word",
        invariant=inv.NOTHING_LEFT,
        apply=_stop_takes_a_cancel_at_its_word,
    ),
    Mutation(name="hedges lie behind the market", invariant=money.HEDGED, apply=_hedges_lie_behind_the_market),
    Mutation(name="hedges are always whole", invariant=money.EXACT, apply=_hedges_are_always_whole),
    Mutation(
        name="a hedge stays whole after a part was sold",
        invariant=money.EXACT,
        apply=_hedge_stays_whole_after_a_part_was_sold,
    ),
    Mutation(name="nobody looks for what is missing", invariant=money.SIGHTED, apply=_nobody_looks_for_what_is_missing),
    Mutation(name="blank books are taken for empty", invariant=money.BLANK, apply=_blank_books_are_taken_for_empty),
    Mutation(name="a square-off closes twice", invariant=inv.FLAT, apply=_closes_twice),
    Mutation(name="a square-off closes half", invariant=inv.FLAT, apply=_closes_half),
    Mutation(
        name="an interrupted square-off is not looked up",
        invariant=inv.FLAT,
        apply=_closing_orders_are_not_looked_up,
        changes=MANY_HEDGES,
    ),
    Mutation(name="cancels are repeated", invariant=inv.CANCELS, apply=_cancels_are_repeated, changes=MANY_HEDGES),
    Mutation(
        name="own cancels count as rejections",
        invariant=inv.CHARGED,
        apply=_own_cancels_count_as_rejections,
        changes=MANY_HEDGES,
    ),
    Mutation(
        name="a second morning keeps the old centre",
        invariant=inv.CENTRED,
        apply=_second_morning_keeps_the_old_centre,
        changes={"auto_entry": True, "entry_price": None, "product_type": "MIS"},
    ),
    Mutation(
        name="absences are never forgotten",
        invariant=inv.ONE_PER_ROLE,
        apply=_absences_are_never_forgotten,
    ),
    Mutation(
        name="orphans are not read on",
        invariant=inv.KNOWN,
        apply=_orphans_are_not_read_on,
        changes={**MANY_HEDGES, "steps": 2},
    ),
    Mutation(name="two reads prove absence", invariant=inv.ONE_PER_ROLE, apply=_two_reads_prove_absence),
    Mutation(
        name="late averages are overlooked",
        invariant=money.VALUED,
        apply=_late_averages_are_overlooked,
        changes=MANY_HEDGES,
    ),
    Mutation(
        name="completed is for good",
        invariant=inv.TRADES,
        apply=_completed_is_for_good,
        changes=SOON_COMPLETED,
    ),
    Mutation(name="a last word is tried once", invariant=inv.LAST_WORD, apply=_last_word_is_tried_once),
    Mutation(
        name="refused cancels count as sent",
        invariant=inv.NOTED,
        apply=_refused_cancels_count_as_sent,
        changes=MANY_HEDGES,
    ),
    Mutation(
        name="unread accounts are judged",
        invariant=inv.JUSTIFIED,
        apply=_unread_accounts_are_judged,
        changes={**MANY_HEDGES, "oco_order_type": "limit", "oco_stop_count": 1},
    ),
    Mutation(
        name="all of a hedge is too much",
        invariant=inv.TOLD,
        apply=_all_of_a_hedge_is_too_much,
        changes=MANY_HEDGES,
    ),
    Mutation(
        name="hedges keep an old tick",
        invariant=inv.ON_TICK,
        apply=_hedges_keep_an_old_tick,
        changes={**MANY_HEDGES, "product_type": "CNC"},
    ),
    Mutation(
        name="parts excuse a rejection",
        invariant=inv.NOTED,
        apply=_parts_excuse_a_rejection,
        changes=MANY_HEDGES,
    ),
    Mutation(name="limits are dead sessions", invariant=inv.LOGIN, apply=_limits_are_dead_sessions),
    Mutation(name="no pacing", invariant=inv.RATES, apply=_no_pacing),
    Mutation(name="the same client id again", invariant=inv.ONCE, apply=_same_id_again),
    Mutation(name="a take-back raises no attempt", invariant=inv.ONCE, apply=_take_back_raises_no_attempt),
    Mutation(name="the wire repeats a POST", invariant=inv.ONCE, apply=_placed_again_by_the_wire),
)
