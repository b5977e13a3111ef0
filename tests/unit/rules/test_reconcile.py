"""Our order against the broker's row: the table of `tg1.rules.reconcile`, row by row, and what holds for all rows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import an_order
from tg1.models import BrokerOrder, LegOrder, OrderStatus, Side
from tg1.rules.reconcile import Absence, DoubtTracker, Resolution, resolve

PLACED = an_order()
CANCELLING = an_order(cancel_sent=True)
DOUBT = an_order(order_id=None)


def a_row(status: OrderStatus = OrderStatus.WORKING, filled: int | None = 0, **changes: object) -> BrokerOrder:
    """The broker's row of `an_order`."""
    row = BrokerOrder(
        order_id="12345",
        client_id=PLACED.client_id,
        status=status,
        raw_status=status,
        side=Side.BUY,
        quantity=100,
        filled_quantity=filled,
        average_price=Decimal("48.90") if filled else None,
        limit_price=Decimal("49.00"),
    )
    return replace(row, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("order", "row", "expected"),
    [
        pytest.param(DOUBT, None, Resolution.ABSENT, id="doubt-absent"),
        pytest.param(DOUBT, a_row(OrderStatus.PENDING), Resolution.WAIT, id="doubt-pending"),
        pytest.param(DOUBT, a_row(OrderStatus.FILLED, 100), Resolution.FILLED, id="doubt-filled"),
        pytest.param(DOUBT, a_row(OrderStatus.REJECTED), Resolution.REJECTED, id="doubt-rejected"),
        pytest.param(PLACED, None, Resolution.WAIT, id="placed-absent"),
        pytest.param(PLACED, a_row(), Resolution.WAIT, id="working"),
        pytest.param(PLACED, a_row(filled=40), Resolution.WAIT, id="partly"),
        pytest.param(PLACED, a_row(filled=100), Resolution.WAIT, id="all-filled-word-lags"),
        pytest.param(PLACED, a_row(OrderStatus.FILLED, 100), Resolution.FILLED, id="filled"),
        pytest.param(PLACED, a_row(OrderStatus.FILLED, None), Resolution.FILLED, id="filled-unreadable-quantity"),
        pytest.param(PLACED, a_row(OrderStatus.FILLED, 0), Resolution.WAIT, id="filled-quantity-lags"),
        pytest.param(PLACED, a_row(OrderStatus.FILLED, 60), Resolution.WAIT, id="filled-part-lags"),
        pytest.param(PLACED, a_row(OrderStatus.FILLED, 60, quantity=60), Resolution.CANCELLED, id="made-smaller"),
        pytest.param(PLACED, a_row(OrderStatus.FILLED, 1, quantity=1), Resolution.CANCELLED, id="made-one-share"),
        pytest.param(PLACED, a_row(OrderStatus.FILLED, 60, quantity=None), Resolution.WAIT, id="of-unknown-size"),
        pytest.param(PLACED, a_row(OrderStatus.CANCELLED, 100), Resolution.FILLED, id="fill-won-against-cancel"),
        pytest.param(PLACED, a_row(OrderStatus.REJECTED, 100), Resolution.FILLED, id="rejected-but-filled"),
        pytest.param(CANCELLING, a_row(OrderStatus.CANCELLED), Resolution.CANCELLED, id="cancelled-by-us"),
        pytest.param(CANCELLING, a_row(OrderStatus.CANCELLED, 40), Resolution.CANCELLED, id="cancelled-by-us-part"),
        pytest.param(CANCELLING, a_row(), Resolution.WAIT, id="cancel-in-flight"),
        pytest.param(PLACED, a_row(OrderStatus.CANCELLED), Resolution.REJECTED, id="cancelled-by-broker"),
        pytest.param(PLACED, a_row(OrderStatus.REJECTED), Resolution.REJECTED, id="rejected"),
        pytest.param(CANCELLING, a_row(OrderStatus.REJECTED), Resolution.REJECTED, id="rejected-while-cancelling"),
    ],
)
def test_resolve_follows_its_table(order: LegOrder, row: BrokerOrder | None, expected: Resolution) -> None:
    """Behaviour 3.3, 4.4, 4.6, 5.2, 8."""
    assert resolve(order, row).resolution is expected


@pytest.mark.parametrize(
    ("status", "is_seen"),
    [
        (OrderStatus.PENDING, False),
        (OrderStatus.WORKING, True),
        (OrderStatus.FILLED, True),
        (OrderStatus.CANCELLED, False),
        (OrderStatus.REJECTED, False),
    ],
)
def test_order_is_seen_at_work_once_the_book_shows_it_beyond_pending(status: OrderStatus, is_seen: bool) -> None:  # noqa: FBT001
    """Behaviour 8.1: an order seen working is a success after a minute; what was seen stays seen."""
    assert resolve(PLACED, a_row(status)).order.acknowledged is is_seen
    assert resolve(replace(PLACED, acknowledged=True), a_row(status)).order.acknowledged


@pytest.mark.parametrize("booked", [0, 40])
def test_working_row_without_a_readable_quantity_books_nothing(booked: int) -> None:
    """Behaviour 4.3, 5.1: an order that works is not filled because its number can't be read."""
    order = replace(PLACED, filled_quantity=booked, filled_value=booked * Decimal(49))
    reading = resolve(order, a_row(filled=None))
    assert (reading.new_quantity, reading.new_value, reading.order.filled_quantity) == (0, Decimal(0), booked)


def test_first_share_is_booked() -> None:
    """Behaviour 5.1: what was really filled, be it one share."""
    reading = resolve(PLACED, a_row(filled=1))
    assert (reading.new_quantity, reading.new_value) == (1, Decimal("48.90"))


def test_row_of_an_order_in_doubt_gives_it_its_id() -> None:
    """Behaviour 3.3: found is adopted."""
    assert resolve(DOUBT, a_row()).order.order_id == "12345"


def test_row_whose_id_can_not_be_read_keeps_the_doubt() -> None:
    """Behaviour 4.3: arrived, but under which number is for the next read."""
    assert resolve(DOUBT, a_row(order_id="")).order.in_doubt


def test_fill_without_an_average_counts_at_the_orders_own_price() -> None:
    """Behaviour 5.1; a later average corrects the value without new shares."""
    first = resolve(PLACED, a_row(filled=40, average_price=None))
    assert (first.new_quantity, first.new_value) == (40, 40 * Decimal("49.00"))
    second = resolve(first.order, a_row(filled=40))
    assert (second.new_quantity, second.new_value) == (0, 40 * Decimal("-0.10"))


def test_reason_is_the_brokers_own() -> None:
    """Behaviour 8: what is reported is what the broker said."""
    assert resolve(PLACED, a_row(OrderStatus.REJECTED, reason="RMS:Margin Exceeds")).reason == "RMS:Margin Exceeds"


rows = st.builds(
    a_row,
    st.sampled_from(OrderStatus),
    st.none() | st.integers(0, 120),
    average_price=st.none() | st.decimals("48", "49", places=4),
    quantity=st.none() | st.integers(0, 120),
)
orders = st.sampled_from([PLACED, CANCELLING, DOUBT])


@given(orders, rows)
def test_reading_the_same_row_again_changes_nothing(order: LegOrder, row: BrokerOrder) -> None:
    """Behaviour 3.5, failures.md III.22: applied once, however often it is read."""
    first = resolve(order, row)
    again = resolve(first.order, row)
    assert (again.order, again.new_quantity, again.new_value) == (first.order, 0, Decimal(0))


@given(orders, st.lists(rows | st.none(), max_size=8))
def test_what_is_booked_never_shrinks_nor_exceeds_the_order(order: LegOrder, seen: list[BrokerOrder | None]) -> None:
    """Behaviour 3.5, 4.3: rows that are old, unreadable or too large spoil nothing; the parts make the whole."""
    quantity, value = 0, Decimal(0)
    for row in seen:
        reading = resolve(order, row)
        assert reading.new_quantity >= 0
        quantity += reading.new_quantity
        value += reading.new_value
        order = reading.order
        assert order.filled_quantity == quantity <= order.quantity
        assert order.filled_value == value >= 0


@given(st.lists(rows, min_size=1, max_size=8))
def test_booked_value_is_cumulative_times_average_once_a_row_tells_it(seen: list[BrokerOrder]) -> None:
    """Behaviour 5.1."""
    order = PLACED
    for row in seen:
        order = resolve(order, row).order
        told = row.filled_quantity is not None and order.filled_quantity == min(row.filled_quantity, 100)
        if told and order.filled_quantity and row.average_price is not None:
            assert order.filled_value == order.filled_quantity * row.average_price


@given(st.lists(st.tuples(st.floats(0, 9), st.booleans()), min_size=1, max_size=24))
def test_absence_is_proved_by_reads_over_time(reads: list[tuple[float, bool]]) -> None:
    """Behaviour 3.3: three books with rows over five seconds, or ten of any kind over thirty; never one of the two."""
    tracker = DoubtTracker()
    now = 100.0
    with_rows: list[float] = []
    for number, (gap, is_empty) in enumerate(reads, start=1):
        with_rows += [] if is_empty else [now]
        proof = tracker.absent("X", now, is_empty=is_empty)
        if not is_empty and len(with_rows) >= 3 and now - with_rows[0] >= 5.0:
            assert proof is Absence.FROM_BOOKS
        elif number >= 10 and now - 100.0 >= 30.0:
            assert proof is Absence.FROM_EMPTY_BOOKS
        else:
            assert proof is None
        if proof:
            break
        now += gap


@pytest.mark.parametrize(
    ("is_empty", "reads", "proof"),
    [
        pytest.param(False, [0, 60], None, id="two-reads-over-a-minute"),
        pytest.param(False, [0, 60, 60], Absence.FROM_BOOKS, id="third-read"),
        pytest.param(False, [0, 1, 2, 3, 4, 4.9], None, id="six-reads-under-five-seconds"),
        pytest.param(False, [0, 1, 5], Absence.FROM_BOOKS, id="five-seconds"),
        pytest.param(True, [0, *[60] * 8], None, id="nine-empty-reads-over-a-minute"),
        pytest.param(True, [0, *[60] * 9], Absence.FROM_EMPTY_BOOKS, id="tenth-empty-read"),
        pytest.param(True, [*range(30), 29.9], None, id="empty-for-under-half-a-minute"),
        pytest.param(True, [*range(31)], Absence.FROM_EMPTY_BOOKS, id="empty-for-half-a-minute"),
    ],
)
def test_absence_needs_that_many_reads_over_that_time(
    is_empty: bool,  # noqa: FBT001
    reads: list[float],
    proof: Absence | None,
) -> None:
    """Behaviour 3.3: 3 reads over 5 s; where every book is empty, 10 over 30 s."""
    tracker = DoubtTracker()
    assert [tracker.absent("X", 100.0 + at, is_empty=is_empty) for at in reads] == [None] * (len(reads) - 1) + [proof]


def test_doubt_that_was_forgotten_is_counted_anew() -> None:
    """An order that showed up and vanished again has to be absent all over."""
    tracker = DoubtTracker()
    tracker.absent("X", 0.0, is_empty=False)
    tracker.absent("X", 3.0, is_empty=False)
    tracker.forget("X")
    assert tracker.absent("X", 9.0, is_empty=False) is None


@pytest.mark.parametrize("is_empty", [True, False])
def test_each_order_in_doubt_is_counted_by_itself(is_empty: bool) -> None:  # noqa: FBT001
    """Behaviour 3.3: reads without one order prove nothing of another, and one that was found is done with."""
    tracker = DoubtTracker()
    tracker.forget("never in doubt")
    for at in range(40):
        tracker.absent("X", float(at), is_empty=is_empty)
    assert tracker.absent("Y", 40.0, is_empty=is_empty) is None
    tracker.forget("X")
    assert tracker.absent("X", 41.0, is_empty=is_empty) is None
