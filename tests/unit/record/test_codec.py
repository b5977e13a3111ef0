"""Lines of a record: what was written comes back, and nothing else is taken for it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.records import a_begun, a_cycle, an_end, cycles, line_of, texts
from tests.support.states import bot_states, instants
from tests.support.told import an_event
from tg1.models import OrderRequest, OrderStatus, OrderType, Side
from tg1.record.codec import decode_entry
from tg1.record.values import Asked, Cycle, Ended, Row, Sent, Tick

if TYPE_CHECKING:
    from tg1.models import BotState

ORDER = OrderRequest(
    client_id="A",
    symbol="IRFC",
    side=Side.BUY,
    quantity=1,
    order_type=OrderType.LIMIT,
    limit_price=Decimal(50),
    trigger_price=Decimal(50),
)
RICH = a_cycle(
    ticks=(Tick(before_us=1, symbol="IRFC", price=Decimal(50)),),
    sent=(Sent(after_us=1, account="trade", request=ORDER, order_id="1"),),
    asked=(Asked(after_us=1, account="trade", client_id="A"),),
    rows=(Row(account="trade", client_id="A", order_id="1", status=OrderStatus.FILLED, filled=1, average=Decimal(50)),),
    unread={"trade": "502"},
    events=(an_event(1),),
)
"""A cycle with one of everything."""


@given(cycle=cycles)
def test_a_cycle_comes_back(cycle: Cycle) -> None:
    """Whatever it saw, sent and was told, on one line."""
    line = line_of(cycle)
    assert line.count(b"\n") == 1
    assert decode_entry(line) == cycle


@settings(max_examples=40)
@given(state=bot_states(), at=instants)
def test_a_start_comes_back(state: BotState, at: Any) -> None:
    """With the whole state that the first cycle found."""
    begun = a_begun(state=replace(state, order_history=[]), at=at)
    assert decode_entry(line_of(begun)) == begun


@given(ended=st.builds(Ended, at=instants, why=texts, exit_code=st.integers(0, 6)))
def test_an_end_comes_back(ended: Ended) -> None:
    """With its words and its code."""
    assert decode_entry(line_of(ended)) == ended


def test_a_quiet_cycle_is_short() -> None:
    """A day has 22,500 of them: what is empty is left out."""
    assert json.loads(line_of(a_cycle())) == {
        "at": "2026-02-16T10:30:00+05:30",
        "read": 50,
        "a": "50.00",
        "b": "120.50",
    }


def test_a_newer_record_is_refused_and_newer_keys_are_not() -> None:
    """A new version says that this reader would misread it; a new key alone does not."""
    told = json.loads(line_of(a_begun()))
    with pytest.raises(ValueError, match="newer TG1"):
        decode_entry(json.dumps({**told, "tg1_record": 2}).encode())
    with pytest.raises(ValueError, match="which there is not"):
        decode_entry(json.dumps({**told, "tg1_record": "1"}).encode())
    cycle = json.loads(line_of(a_cycle()))
    assert decode_entry(json.dumps({**cycle, "moon": "full"}).encode()) == a_cycle()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"a": "-1"}, "no price"),
        ({"a": "NaN"}, "no price"),
        ({"a": "cheap"}, "holds what no record holds"),
        ({"read": "soon"}, "no number of microseconds"),
        ({"at": "2026-02-16T10:30:00"}, "no time zone"),
        ({"at": None}, "holds what no record holds"),
        ({"ticks": [[1, "IRFC"]]}, "not enough values"),
        ({"rows": [{"account": "trade"}]}, "has no id"),
        ({"sent": [{"after": 1}]}, "has no id"),
        ({"events": [{"seq": 1}]}, "holds what no record holds"),
    ],
)
def test_damage_is_named(change: dict[str, Any], sentence: str) -> None:
    """As the second half of a sentence that begins with the file and the line."""
    told = json.loads(line_of(a_cycle()))
    with pytest.raises(ValueError, match=sentence):
        decode_entry(json.dumps({**told, **change}).encode())


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | texts
    | st.sampled_from(["1", "BUY", "trade"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(junk=st.binary(max_size=40) | values.map(lambda each: json.dumps(each).encode()))
def test_junk_is_never_an_entry(junk: bytes) -> None:
    """It raises nothing but `ValueError`."""
    with pytest.raises(ValueError, match=r"is no|has no|holds"):
        decode_entry(junk)


@given(whole=st.sampled_from([line_of(a_begun()), line_of(RICH), line_of(an_end())]), data=st.data())
def test_whatever_stands_in_place_of_a_value_is_an_entry_or_a_damage(whole: bytes, data: st.DataObject) -> None:
    """A line of a record with another value somewhere in it: never a traceback in the middle of a day's replay."""
    inside = line = json.loads(whole)
    while isinstance(inside, dict | list) and inside:
        keys = list(inside) if isinstance(inside, dict) else range(len(inside))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(inside[key], dict | list) or not inside[key] or data.draw(st.booleans()):
            inside[key] = data.draw(values)
            break
        inside = inside[key]
    with suppress(ValueError):
        decode_entry(json.dumps(line).encode())


def test_a_start_with_a_damaged_state_is_refused() -> None:
    """A state has a checksum."""
    told = json.loads(line_of(a_begun()))
    told["state"] = told["state"].replace("IRFC", "IRFX")
    with pytest.raises(ValueError, match="holds a state that can't be read"):
        decode_entry(json.dumps(told).encode())
    assert isinstance(decode_entry(line_of(an_end())), Ended)


def test_a_row_whose_number_could_not_be_read_spoils_no_record() -> None:
    """Behaviour 4.3, xts.md 2.6: one such row of a broker cost the whole day, which `tg1 replay` refused to live."""
    row = Row(account="trade", client_id="A", order_id="", status=OrderStatus.WORKING, filled=0, average=None)
    cycle = a_cycle(rows=(row,))
    assert decode_entry(line_of(cycle)) == cycle
