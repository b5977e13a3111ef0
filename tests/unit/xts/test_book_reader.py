"""Books read one after the other, and what of them goes to the other bots of the key (behaviour 4.3, 11.3, 16)."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.xts_doubles import TOKEN, book, row
from tg1.errors import BrokerUnavailable
from tg1.xts.answer import read_answer
from tg1.xts.book_reader import BookReader
from tg1.xts.rows import essence, from_xts


def hide(text: str) -> str:
    """A redactor that knows one secret."""
    return text.replace(TOKEN, "[redacted]")


def reader() -> BookReader:
    """A reader of the trade account."""
    return BookReader("trade", hide)


def read(value: Any) -> Any:
    """A value as an answer's reader gives it: fractions as text."""
    return json.loads(json.dumps(value), parse_float=str, parse_constant=str)


def handed_on(own: BookReader, *rows: Any) -> list[Any]:
    """What the reader packs after having read a book of these rows."""
    own.read(read_answer(book(*rows), hide))
    packed: list[Any] = json.loads(own.pack())
    return packed


def test_other_bot_sees_the_same_book() -> None:
    """Every order as the reader has it, whatever the server's dialect."""
    rows = [
        row(),
        row(AppOrderID="1210030181", OrderQuantity="1,000", OrderSide="Sell", OrderAverageTradedPrice="NaN"),
        row(AppOrderID=1210030182, OrderStatus="Rejected", CancelRejectReason="17071 : self trade "),
        row(AppOrderID=None, OrderPrice=[1], CumulativeQuantity={}, OrderStatus=None),
    ]
    own, other = reader(), reader()
    orders = own.read(read_answer(book(*rows), hide))
    assert len(orders) == 4
    assert other.unpack(json.loads(own.pack())) == orders


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.lists(st.integers())


_NAMES = st.sampled_from([*row()])


@given(changes=st.dictionaries(_NAMES, _VALUES, max_size=5), missing=st.sets(_NAMES))
def test_row_means_the_same_after_it_was_handed_on(changes: dict[str, Any], missing: set[str]) -> None:
    """What is left out is read by nobody (a field that `from_xts` learns to read has to be handed on, too)."""
    whole = read({name: value for name, value in (row() | changes).items() if name not in missing})
    plain = json.loads(json.dumps(essence(whole, str)))
    try:
        expected = from_xts(whole)
    except BrokerUnavailable:
        with pytest.raises(BrokerUnavailable):
            from_xts(plain)
    else:
        assert from_xts(plain) == expected


def test_no_secret_and_no_account_number_is_handed_on() -> None:
    """A server may echo a token anywhere; the file that all bots read holds none (behaviour 16)."""
    own = reader()
    echo = row(
        CancelRejectReason="x" * 240 + TOKEN, OrderUniqueIdentifier=TOKEN, TradingSymbol=f"a {TOKEN}",
        OrderStatus=TOKEN, LoginID="X14AB12", ClientID="AB12", Strange=TOKEN,
    )  # fmt: skip
    (order,) = own.read(read_answer(book(echo), hide))
    packed = own.pack().decode()
    for secret in (TOKEN, TOKEN[:9], "AB12"):
        assert secret not in packed
        assert secret not in str(order)


def test_junk_rows_are_counted_by_every_bot() -> None:
    """A row that can't be read may be one of ours (behaviour 4.3)."""
    own, other = reader(), reader()
    other.unpack(handed_on(own, "junk", row(), {"AppOrderID": "?"}))
    assert own.bad_rows == other.bad_rows == 2


def test_row_that_changed_is_read_again_and_others_are_not() -> None:
    """Most rows of a day never change; own answers and other bots' are kept apart."""
    own = reader()
    first = own.read(read_answer(book(row(), row(AppOrderID=7)), hide))
    again = own.read(read_answer(book(row(), row(AppOrderID=7, CumulativeQuantity=5)), hide))
    assert again[0] is first[0]
    assert again[1].filled_quantity == 5
    others = own.unpack(json.loads(own.pack()))
    assert own.unpack(json.loads(own.pack()))[0] is others[0]
    assert own.read(read_answer(book(row()), hide))[0] is first[0]
    assert json.loads(own.pack()) == [essence(read(row()), str)]


def test_strange_word_is_said_once_however_it_comes(caplog: pytest.LogCaptureFixture) -> None:
    """One warning for an unknown status (behaviour 4.2), whoever has read the book."""
    own, other = reader(), reader()
    with caplog.at_level(logging.WARNING):
        packed = handed_on(own, row(OrderStatus="Parked"))
        handed_on(own, row(OrderStatus="Parked", CumulativeQuantity=1))
        other.unpack(packed)
        other.unpack(packed)
    assert caplog.text.count("Parked") == 2
