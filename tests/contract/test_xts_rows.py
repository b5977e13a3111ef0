"""Rows of the order book as the wire really writes them (xts.md 2.6, 3; behaviour 4.2, 4.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.xts_doubles import row
from tg1.errors import BrokerUnavailable
from tg1.models import BrokerOrder, OrderStatus, Side
from tg1.xts.rows import from_xts, number, order_id_of, plain_text


def test_findoc_row_is_read_whole() -> None:
    """A partly filled, then cancelled order keeps its fill (xts.md 3: Cum 75, Leaves 150, average "134.05")."""
    order = from_xts(
        row(
            OrderStatus="Cancelled", OrderQuantity=225, CumulativeQuantity=75, LeavesQuantity=150,
            OrderAverageTradedPrice="134.05", OrderPrice=134.1, OrderSide="Sell",
            CancelRejectReason="17071 : The order could have resulted in self trade ",
        )
    )  # fmt: skip
    assert order == BrokerOrder(
        order_id="1210030180",
        client_id="ab12gd01e1",
        status=OrderStatus.CANCELLED,
        raw_status="Cancelled",
        side=Side.SELL,
        quantity=225,
        filled_quantity=75,
        average_price=Decimal("134.05"),
        limit_price=Decimal("134.1"),
        reason="17071 : The order could have resulted in self trade",
        symbol="IRFC",
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PendingNew", OrderStatus.PENDING),
        ("New", OrderStatus.WORKING),
        ("Open", OrderStatus.WORKING),
        ("Replaced", OrderStatus.WORKING),
        ("PartiallyFilled", OrderStatus.WORKING),
        ("PendingReplace", OrderStatus.WORKING),
        ("PendingCancel", OrderStatus.WORKING),
        ("Filled", OrderStatus.FILLED),
        ("Cancelled", OrderStatus.CANCELLED),
        ("Rejected", OrderStatus.REJECTED),
        ("FILLED", OrderStatus.FILLED),
        (" rejected ", OrderStatus.REJECTED),
        ("Trigger Pending", OrderStatus.WORKING),
        ("CancelledAfterMarketOrder", OrderStatus.WORKING),
        (56, OrderStatus.WORKING),
        ("", OrderStatus.PENDING),
        (None, OrderStatus.PENDING),
        (["Filled"], OrderStatus.PENDING),
    ],
    ids=repr,
)
def test_status_words_are_working_or_final(word: object, status: OrderStatus) -> None:
    """Three words are final; every other one is working, PendingCancel included (behaviour 4.2)."""
    assert from_xts(row(OrderStatus=word)).status is status


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2,853.50", "2853.50"), ("1,23,456.5", "123456.5"), (" 44.00 ", "44.00"), (250.4, "250.4"), (7, "7"),
        ("-1,870.00", "-1870.00"), ("1e2", "100"), (1e300, None), ("", None), ("NaN", None), ("NA", None), (None, None),
        (True, None), (float("nan"), None), (float("inf"), None), ("Infinity", None), ("2,5", None), ("1,2,3", None),
        ("1e999999999", None), ("9" * 5000, None), (10**400, None), ("\u0661\u0662", None), ("1_000", None),
        ([], None), ({}, None),
    ],
    ids=repr,
)  # fmt: skip
def test_number_is_read_as_written_or_not_at_all(written: object, value: str | None) -> None:
    """Commas, blanks and texts are understood; junk is no number, and never 0 (xts.md 2.6)."""
    assert number(written) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"CumulativeQuantity": ""}, "filled_quantity", None),
        ({"CumulativeQuantity": "1,000"}, "filled_quantity", 1000),
        ({"CumulativeQuantity": "100.0"}, "filled_quantity", 100),
        ({"CumulativeQuantity": 100.5}, "filled_quantity", None),
        ({"CumulativeQuantity": -1}, "filled_quantity", None),
        ({"CumulativeQuantity": 0}, "filled_quantity", 0),
        ({"OrderQuantity": ""}, "quantity", None),
        ({"OrderAverageTradedPrice": "0.00"}, "average_price", None),
        ({"OrderAverageTradedPrice": 0}, "average_price", None),
        ({"OrderAverageTradedPrice": "NaN"}, "average_price", None),
        ({"OrderPrice": None}, "limit_price", None),
        ({"OrderSide": "Buy"}, "side", Side.BUY),
        ({"OrderSide": "SELL"}, "side", Side.SELL),
        ({"OrderSide": ""}, "side", None),
        ({"OrderSide": 1}, "side", None),
        ({"AppOrderID": "1210049745"}, "order_id", "1210049745"),
        ({"AppOrderID": ""}, "order_id", ""),
        ({"AppOrderID": None}, "order_id", ""),
        ({"OrderUniqueIdentifier": None}, "client_id", ""),
        ({"OrderUniqueIdentifier": 12345}, "client_id", "12345"),
        ({"CancelRejectReason": None}, "reason", ""),
        ({"CancelRejectReason": "a\r\n2026 ERROR forged\x1b[31m"}, "reason", "a 2026 ERROR forged [31m"),
        ({"CancelRejectReason": "x" * 500}, "reason", "x" * 256),
    ],
    ids=repr,
)
def test_field_is_read_or_left_out(changes: dict[str, Any], field: str, value: object) -> None:
    """An unreadable field is None or empty and costs only itself (behaviour 4.3, reference.md 23)."""
    assert getattr(from_xts(row(**changes)), field) == value


def test_row_without_an_order_id_still_proves_its_order() -> None:
    """A fresh row may carry our identifier alone: the order did arrive."""
    order = from_xts({"OrderUniqueIdentifier": "ab12gd01e1"})
    assert (order.order_id, order.client_id, order.status) == ("", "ab12gd01e1", OrderStatus.PENDING)


@pytest.mark.parametrize(
    "junk", [None, 5, "x", [], {}, {"OrderStatus": "Filled"}, row(AppOrderID=0, OrderUniqueIdentifier="")]
)
def test_row_that_names_no_order_is_bad(junk: object) -> None:
    """A row with neither id can't be told from another."""
    with pytest.raises(BrokerUnavailable):
        from_xts(junk)


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["NaN", "", "1,000", "1e999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(row())), _values))
def test_junk_in_a_row_gives_an_order_or_a_bad_row(changes: dict[str, Any]) -> None:
    """Whatever the fields hold, the result is well-formed or the row is bad; nothing else escapes."""
    try:
        order = from_xts(row(**changes))
    except BrokerUnavailable:
        return
    assert order.order_id == "" or order.order_id.isdigit()
    assert all(quantity is None or quantity >= 0 for quantity in (order.quantity, order.filled_quantity))
    assert all(price is None or price > 0 for price in (order.average_price, order.limit_price))
    assert all(len(text) <= 256 for text in (order.reason, order.client_id, order.raw_status, order.symbol))
    assert (order.reason + order.symbol).isprintable()


@given(value=st.integers(min_value=1, max_value=10**17))
def test_order_id_is_the_same_as_number_and_as_text(value: int) -> None:
    """Servers write AppOrderID either way (xts.md 2.3)."""
    assert order_id_of(value) == order_id_of(str(value)) == order_id_of(f" {value}") == str(value)


@pytest.mark.parametrize("odd", ["\x1f", "\x1b", "\x00"], ids=["separator", "escape", "null"])
def test_number_before_a_control_character_is_read(odd: str) -> None:
    """Behaviour 4.3: one odd row never spoils the others, and every bot of a key reads it alike."""
    assert order_id_of(f"1210049745{odd}") == "1210049745"
    assert order_id_of(f"0{odd}") == ""
    assert number(f"49.05{odd}") == Decimal("49.05")


@given(text=st.text())
def test_plain_text_stays_on_one_printable_line(text: str) -> None:
    """A server's text can't forge lines of our log."""
    assert plain_text(text).isprintable()
