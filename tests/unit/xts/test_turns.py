"""The records that bots of a key write for each other: read back whole, or not at all (behaviour 11.3)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.xts.turns import Outcome, Turn, decode_calls, decode_turn, encode_calls, encode_turn

BOOT = "5f2c2a3e-0d0b-4b6f-9f6e-1f2d3c4b5a69"
NOW = 1000.0
TURN = Turn(
    asked_at=998.25, answered_at=998.5, outcome=Outcome.ROWS, began_at=998.25, client="a1b2c3", size=7, checksum=9
)

_instants = st.floats(min_value=0.0, max_value=NOW, allow_nan=False)


@given(
    asked_at=_instants,
    answered_at=st.none() | _instants,
    began_at=_instants,
    was_history=st.booleans(),
    outcome=st.sampled_from(Outcome),
    client=st.sampled_from(["", "0123456789ab"]),
    size=st.integers(min_value=0, max_value=10**7),
    checksum=st.integers(min_value=0, max_value=2**32 - 1),
)
def test_turn_is_read_as_it_was_written(**fields: object) -> None:
    """Every field survives, in a record of one length, whatever stands behind it."""
    turn = Turn(**fields)  # type: ignore[arg-type]
    record = encode_turn(turn, BOOT)
    assert len(record) == 256
    assert decode_turn(record + b"[1]", BOOT, NOW) == turn


@given(sent=st.lists(_instants, max_size=8))
def test_calls_are_read_as_they_were_written(sent: list[float]) -> None:
    """Eight instants of any length fit into a record."""
    record = encode_calls(sent, BOOT)
    assert len(record) == 256
    assert decode_calls(record, BOOT, NOW) == sent


def test_record_of_another_boot_says_nothing() -> None:
    """Monotonic seconds of yesterday's boot mean nothing today: yesterday's book must not pass for today's."""
    assert decode_turn(encode_turn(TURN, "another"), BOOT, NOW) is None
    assert decode_calls(encode_calls([1.0], "another"), BOOT, NOW) == []


@pytest.mark.parametrize(
    "turn",
    [
        TURN._replace(asked_at=1000.5),
        TURN._replace(answered_at=1e9),
        TURN._replace(began_at=1001.0),
        TURN._replace(asked_at=float("nan")),
        TURN._replace(size=10**12),
        TURN._replace(size=-1),
    ],
    ids=["asked", "answered", "began", "nan", "huge", "negative"],
)
def test_record_that_can_not_be_true_says_nothing(turn: Turn) -> None:
    """An instant of the future would hold every read back until then, and no body is that large."""
    assert decode_turn(encode_turn(turn, BOOT), BOOT, NOW) is None


def test_call_of_the_future_says_nothing() -> None:
    """It would hold every order back."""
    assert decode_calls(encode_calls([5.0, 2000.0], BOOT), BOOT, NOW) == []


@given(cut=st.integers(min_value=0, max_value=255), junk=st.binary(max_size=300))
def test_damaged_record_says_nothing_and_never_raises(cut: int, junk: bytes) -> None:
    """Half a write, NULs, another program's file: nothing is known, and the next turn writes it anew."""
    whole = encode_turn(TURN, BOOT)
    assert decode_turn(whole[:cut].rstrip(), BOOT, NOW) in (None, TURN)
    for data in (junk, bytes(256), whole[:cut] + junk, b"[" * 100_000):
        decode_turn(data, BOOT, NOW)
        decode_calls(data, BOOT, NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=10,
)


@given(fields=st.lists(_JSON, min_size=8, max_size=8), calls=_JSON)
def test_record_with_strange_fields_never_raises(fields: list[object], calls: object) -> None:
    """Somebody's edit of a file stops no bot."""
    decode_turn(json.dumps(["tg1-turn-1", BOOT, *fields]).encode(), BOOT, NOW)
    decode_calls(json.dumps(["tg1-calls-1", BOOT, calls]).encode(), BOOT, NOW)


@pytest.mark.parametrize(
    ("since", "client", "served"),
    [(998.0, "a1b2c3", True), (998.25, "a1b2c3", False), (999.0, "a1b2c3", False), (998.0, "", False)],
    ids=["before", "at-once", "after", "of-another-client"],
)
def test_reading_serves_whoever_asked_before_it_began(since: float, client: str, *, served: bool) -> None:
    """A snapshot whose reading began after the bot's cycle began, and of the same client (behaviour 11.3)."""
    assert TURN.serves(since, client) is served
    assert not TURN._replace(outcome=Outcome.NOTHING).serves(since, client)
