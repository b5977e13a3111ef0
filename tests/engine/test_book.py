"""One account's book: which of its rows are ours, which order they belong to, which of two is one too many."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.states import an_order
from tg1.models import BrokerOrder, OrderStatus, Side
from tg1.trading.book import Book

TAG = "ABCDE"
OURS = "ABCDEAAAD01E0001"


def a_row(order_id: str, client_id: str = OURS, filled: int | None = 0) -> BrokerOrder:
    """A working BUY of 100 at 49.00 of which so many are filled."""
    return BrokerOrder(
        order_id=order_id,
        client_id=client_id,
        status=OrderStatus.WORKING,
        raw_status="New",
        side=Side.BUY,
        quantity=100,
        filled_quantity=filled,
        average_price=None,
        limit_price=Decimal("49.00"),
    )


def book(*rows: BrokerOrder) -> Book:
    """The Trade account's book with these rows."""
    return Book("trade", rows, TAG)


@pytest.mark.parametrize(
    "client_id",
    ["", "MANUAL", TAG, "ABCDEmy own order", "ABCDEAAAD01E001", "ABCDFAAAD01E0001", "xABCDEAAAD01E000"],
)
def test_row_without_a_whole_id_of_this_bot_is_somebody_elses(client_id: str) -> None:
    """Behaviour 3.4: no tag, another bot's tag and a look-alike are never ours; the row still fills the book."""
    shown = book(a_row("1", client_id))
    assert shown.ours == {}
    assert shown.strangers({}) == []
    assert not shown.is_empty


def test_book_knows_its_account_and_whether_it_showed_anything() -> None:
    """Behaviour 4.4: only a book without any row is empty."""
    assert book().account == "trade"
    assert book().is_empty
    assert not book(a_row("1")).is_empty


def test_order_is_found_by_its_number_alone_once_that_is_known() -> None:
    """Behaviour 3.4, 4.4: another row under its client id is another order, and no proof of this one."""
    first, second = a_row("1"), a_row("2")
    assert book(first, second).find(an_order(OURS, order_id="2")) is second
    assert book(first, second).find(an_order(OURS, order_id="3")) is None


def test_order_in_doubt_is_found_by_its_client_id() -> None:
    """Behaviour 3.3: the first of two rows, if the broker doubled it; nothing where nothing is."""
    first, second = a_row("1"), a_row("2")
    assert book(first, second).find(an_order(OURS, order_id=None)) is first
    assert book(a_row("1", "ABCDEAAAD02E0001")).find(an_order(OURS, order_id=None)) is None
    assert book().find(an_order(OURS, order_id=None)) is None


@pytest.mark.parametrize(
    ("live", "strangers"),
    [
        pytest.param({}, ["1", "2"], id="no level knows the id"),
        pytest.param({OURS: "1"}, ["2"], id="the level has the first"),
        pytest.param({OURS: "2"}, ["1"], id="the level has the second"),
        pytest.param({OURS: None}, [], id="nobody knows yet which is the level's"),
        pytest.param({"ABCDEAAAD02E0001": "1"}, ["1", "2"], id="another level's"),
    ],
)
def test_stranger_is_a_row_of_ours_that_no_live_order_accounts_for(
    live: dict[str, str | None], strangers: list[str]
) -> None:
    """Behaviour 3.4: two rows under one client id; the level's own stays, the other is to be cancelled."""
    assert [row.order_id for row in book(a_row("1"), a_row("2")).strangers(live)] == strangers


def test_live_orders_row_whose_number_can_not_be_read_is_no_stranger() -> None:
    """Behaviour 4.3: it is the live order's own; without a live order it is a stranger like any other."""
    assert book(a_row("")).strangers({OURS: "1"}) == []
    assert len(book(a_row("")).strangers({})) == 1


def test_single_row_is_no_second_order() -> None:
    """Failures.md I.4: only two rows under one id are a doubled order."""
    row = a_row("1", filled=100)
    assert not book(row).is_second(row, {})
    assert not book(row).is_second(row, {OURS: "9"})


@pytest.mark.parametrize(
    ("live", "second"),
    [
        pytest.param({OURS: "1"}, "2", id="the level has the first"),
        pytest.param({OURS: "2"}, "1", id="the level has the second"),
        pytest.param({}, "1", id="no level has one: the fuller was booked"),
        pytest.param({OURS: None}, "1", id="in doubt: the fuller was booked"),
    ],
)
def test_second_order_is_the_one_whose_fills_no_level_has_booked(live: dict[str, str | None], second: str) -> None:
    """Failures.md I.4: of a doubled order the level's is known by its number, or by having filled the most."""
    rows = (a_row("1", filled=None), a_row("2", filled=1))
    assert [row.order_id for row in rows if book(*rows).is_second(row, live)] == [second]


def test_fuller_order_is_the_booked_one_wherever_it_stands() -> None:
    """Failures.md I.4: the order of the rows means nothing; one that does not tell its fills has none."""
    rows = (a_row("1", filled=30), a_row("2", filled=None), a_row("3", filled=0))
    assert [row.order_id for row in rows if book(*rows).is_second(row, {})] == ["2", "3"]


def test_order_that_is_listed_twice_is_no_second_order() -> None:
    """Failures.md I.4: two rows of one number are one order."""
    rows = (a_row("1", filled=30), a_row("1", filled=30))
    assert [row for row in rows if book(*rows).is_second(row, {})] == []
