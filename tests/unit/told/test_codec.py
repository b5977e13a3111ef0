"""What a bot tells as bytes: nothing is lost on the way, a newer bot's extra words are no damage, damage is said."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.told import ACCOUNT, LEVEL, a_snapshot, an_event
from tg1.errors import SnapshotDamaged
from tg1.models import Attention, Side, Status, StatusKind
from tg1.told.codec import decode_event, decode_snapshot, encode_event, encode_snapshot
from tg1.told.events import EventKind
from tg1.told.snapshot import Phase, ToldEnd

GOOD = encode_snapshot(a_snapshot())
paise = st.integers(-(10**12), 10**12).map(lambda number: Decimal(number) / 100)


def _with(**changes: Any) -> bytes:
    return json.dumps(json.loads(GOOD) | changes).encode()


def test_snapshot_comes_back_as_it_was_written() -> None:
    """Every field survives, the empty ones and those of an ended process included."""
    ended = a_snapshot(
        phase=Phase.ENDED,
        status=Status(kind=StatusKind.TERMINATED, reason="OCO imbalance"),
        end=ToldEnd(exit_code=3, why="terminated: OCO imbalance"),
        attention=(Attention(key="blind trade", text="account trade can't be seen", at="2026-02-16T10:00:00+05:30"),),
        paused=(Side.BUY,),
        money=None,
        feed=None,
        centre=None,
        levels=(),
        orders=(),
    )
    for snapshot in (a_snapshot(), ended):
        assert decode_snapshot(encode_snapshot(snapshot)) == snapshot


@given(price=paise, open_a=st.none() | paise, name=st.text(min_size=1), shares=st.integers(-(10**9), 10**9))
def test_any_rupees_and_any_words_come_back(price: Decimal, open_a: Decimal | None, name: str, shares: int) -> None:
    """Money is exact to the paisa, texts to the character."""
    money = a_snapshot().money
    assert money is not None
    snapshot = a_snapshot(
        name=name,
        levels=(replace(LEVEL, entry_price=price, note=name),),
        money=replace(money, open_a=open_a, net=open_a),
        positions=tuple(replace(held, quantity=shares) for held in a_snapshot().positions),
    )
    assert decode_snapshot(encode_snapshot(snapshot)) == snapshot


def test_rupees_are_text_with_two_decimals() -> None:
    """A reader in any language gets the paise as they are, and no minus before nothing."""
    money = a_snapshot().money
    assert money is not None
    written = json.loads(
        encode_snapshot(a_snapshot(money=replace(money, net=Decimal("1234.5"), open_a=Decimal("-0.001"))))
    )
    assert written["money"]["net"] == "1234.50"
    assert written["money"]["open_a"] == "0.00"
    assert written["levels"][0]["hedge_price"] == "118.50"
    assert written["tg1_snapshot"] == 1


def test_unknown_keys_of_a_newer_bot_are_left_out() -> None:
    """At the top and deep inside."""
    document = json.loads(GOOD)
    document["margin_used"] = "100.00"
    document["levels"][0]["colour"] = "blue"
    assert decode_snapshot(json.dumps(document).encode()) == a_snapshot()


def test_a_strangers_file_is_no_snapshot() -> None:
    """Another program's JSON under such a name is none of ours."""
    assert decode_snapshot(b'{"status": "fine"}') is None
    assert decode_snapshot(b"[1, 2]") is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no whole JSON"),
        (GOOD[: len(GOOD) // 2], "no whole JSON"),
        (b"\0" * 100, "no whole JSON"),
        (b"[" * 100_000, "no whole JSON"),
        (_with(cycle="7"), "cycle is '7', where a whole number is expected"),
        (_with(cycle=None), "cycle is None"),
        (_with(phase="dancing"), "phase is 'dancing', where one of starting"),
        (_with(status="Dancing"), "status is 'Dancing'"),
        (_with(written_at="2026-02-16T10:30:00"), "written_at is"),
        (_with(centre="NaN"), "centre is 'NaN', where rupees as text"),
        (_with(centre=50.0), "centre is 50.0, where rupees as text"),
        (_with(levels=7), "levels is 7, where a list is expected"),
        (_with(levels=[7]), "levels[0] is 7, where an object is expected"),
        (_with(accounts=[{"name": "trade"}]), 'accounts[0] lacks the key "books_read"'),
        (_with(poll_interval_secs=True), "poll_interval_secs is True"),
        (_with(tg1_snapshot=2), "a newer TG1 wrote it (version 2"),
        (_with(tg1_snapshot="x"), "names the version 'x'"),
    ],
)
def test_damage_is_said_in_a_sentence(data: bytes, says: str) -> None:
    """What can't be read is neither guessed nor taken for a stranger's file."""
    with pytest.raises(SnapshotDamaged) as caught:
        decode_snapshot(data)
    assert says in str(caught.value)


@given(st.binary())
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    """Whatever a disk gives back."""
    with suppress(SnapshotDamaged):
        decode_snapshot(data)


def test_event_is_one_line_without_what_it_does_not_have() -> None:
    """And comes back as it was."""
    bare = an_event(text='it said "no"\nand left', kind=EventKind.STOPPED, price=None, quantity=None, net=Decimal(-7))
    for event in (an_event(), bare):
        line = encode_event(event)
        assert line.count(b"\n") == 1
        assert decode_event(line) == event
    assert b"price" not in encode_event(bare)


def test_event_of_a_newer_bot_keeps_its_text() -> None:
    """A kind that this TG1 does not know is still said."""
    line = encode_event(an_event()).replace(b'"fill"', b'"eclipse"').replace(b'"seq"', b'"moon": 1, "seq"')
    assert decode_event(line) == an_event(kind=EventKind.OTHER)


@pytest.mark.parametrize("line", [b"", b"[]\n", b'{"run": "r1"}\n', b"{\xff}\n"])
def test_damaged_event_is_said(line: bytes) -> None:
    """A torn line is no event."""
    with pytest.raises(SnapshotDamaged):
        decode_event(line)


def test_events_and_accounts_name_themselves() -> None:
    """Run and number make an id that no other event has; a level is called as on the ladder."""
    assert an_event(7).id == "r1:7"
    assert LEVEL.name == "B1"
    assert ACCOUNT.name == "trade"
