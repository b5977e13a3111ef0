"""A state's image says whether anything has changed, and makes the file's bytes when they are wanted."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.states import BOT, NOW, a_level, a_record, a_state, bot_states
from tg1.errors import InvariantBroken
from tg1.models import COMPLETED, Attention, BotState, Charges, Side
from tg1.replay.memory_files import MemoryFiles
from tg1.state import StateManager
from tg1.store.codec import StateEncoder, decode, encode
from tg1.store.image import StateFile, image_of

CHANGED: dict[str, Any] = {
    "bot_name": "Another",
    "bot_status": COMPLETED,
    "generation": "ZZ9",
    "trading_day": NOW.date() + timedelta(days=1),
    "charges_before": Charges(stt=Decimal(1)),
    "pause_seen": "w9",
    "paused_sides": [Side.BUY],
    "attention": [Attention(key="k", text="t", at="a")],
    "levels": {},
    "order_history": [],
}


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(bot_states())
def test_file_is_what_the_codec_writes(state: BotState) -> None:
    """To the last byte, and an image holds all that is saved."""
    image = image_of(state)
    assert bytes(StateFile(image, NOW, StateEncoder())) == encode(state, NOW)
    assert image == image_of(decode(encode(state, NOW)))


@pytest.mark.parametrize("name", [field.name for field in fields(BotState)])
def test_change_of_any_field_is_seen(name: str) -> None:
    """What is forgotten here would never reach the disk."""
    state = a_state(level_count=3, record_count=3)
    before = image_of(state)
    now: Any = CHANGED.get(name)
    if name not in CHANGED:
        old = getattr(state, name)
        now = [object()] if isinstance(old, list) else replace(old, steps=9) if name == "grid" else old + 1
    setattr(state, name, now)
    assert image_of(state, before) != before


def test_image_stays_what_it_was() -> None:
    """A state goes on changing in place; what a disk gets later is what it was told to write."""
    state = a_state(level_count=3, record_count=3)
    image, expected = image_of(state), encode(state, NOW)
    state.levels["level0001"] = replace(state.levels["level0001"], attempts=7)
    state.levels["new"] = a_level(uuid="new")
    state.order_history.append(a_record(9))
    state.attention.append(Attention(key="k", text="t", at="a"))
    state.total_pnl += 1
    assert bytes(StateFile(image, NOW, StateEncoder())) == expected


def test_new_record_is_seen_beside_an_earlier_image() -> None:
    """Also when the history is full and keeps its length (behaviour 9.4)."""
    state = a_state(record_count=500)
    before = image_of(state)
    assert image_of(state, before) == before
    state.order_history.append(a_record(501))
    after = image_of(state, before)
    assert after != before
    del state.order_history[:-500]
    assert image_of(state, after) == after


def test_what_could_not_be_read_back_is_never_written() -> None:
    """The refusal comes where the bytes are wanted, and a disk wants them before it touches its file."""
    state = a_state(bot_name=BOT, levels={"x": a_level(uuid="y")})
    with pytest.raises(InvariantBroken):
        bytes(StateFile(image_of(state), NOW, StateEncoder()))


def test_disk_in_memory_writes_when_it_is_read() -> None:
    """Thousands of saves of a replay are never read: they cost no bytes, and the last one is all there."""
    files = MemoryFiles()
    store = StateManager(files, Path("/s"), BOT)
    store.state = a_state(level_count=3)
    for attempt in (1, 2):
        store.state.levels["level0001"] = replace(store.state.levels["level0001"], attempts=attempt)
        assert store.save(NOW)
    assert not store.save(NOW)
    assert files.read(store.paths.state) == encode(store.state, NOW)
    assert decode(files.read(store.paths.bak)).levels["level0001"].attempts == 1
    assert StateManager(files, Path("/s"), BOT).load() == store.state
