"""A state's image says whether anything has changed, and makes the file's bytes when they are wanted."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.states import BOT, NOW, a_level, a_record, a_state, bot_states
from tg1.errors import InvariantBroken
from tg1.models import COMPLETED, Attention, BotState, Charges, LegOrder, OpenOrder, Side
from tg1.replay.memory_files import MemoryFiles
from tg1.state import StateManager
from tg1.store.codec import StateEncoder, decode, encode
from tg1.store.image import StateFile, image_of

FIXED = (str, int, bool, Decimal, date, datetime, NoneType, UnionType)
ONLY_FOR_TYPES = {"date": date, "datetime": datetime}
"""What the models import for the type checker alone."""
CHANGED: dict[str, Any] = {
    "bot_name": "Another",
    "bot_status": COMPLETED,
    "generation": "ZZ9",
    "trading_day": NOW.date() + timedelta(days=1),
    "charges_before": Charges(stt=Decimal(1)),
    "pause_seen": "w9",
    "day_start": None,
    "paused_sides": [Side.BUY],
    "attention": [Attention(key="k", text="t", at="a")],
    "levels": {},
    "order_history": [],
}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
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
    assert image_of(state) != before


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


@pytest.mark.parametrize("name", [each.name for each in fields(BotState) if each.default_factory in (list, dict)])
def test_change_in_place_is_seen(name: str) -> None:
    """The engine changes the state's lists and levels where they are: an image that shared them would change along."""
    state = a_state(level_count=3, record_count=3)
    before = image_of(state)
    held: Any = getattr(state, name)
    if name == "levels":
        held["new"] = a_level(uuid="new")
    else:
        held.append(object())
    assert image_of(state) != before


def test_record_that_is_replaced_among_others_is_seen() -> None:
    """Not only the newest: what is written anew in the middle of the history reaches the disk, too."""
    state = a_state(record_count=3)
    before = image_of(state)
    state.order_history[1] = replace(state.order_history[1], realised_pnl=Decimal("12.34"))
    assert image_of(state) != before


def test_what_a_state_holds_can_only_be_replaced() -> None:
    """An image keeps the state's own records: one that could change in place would be taken for saved."""
    open_to_change = [
        f"{record.__name__}.{name}: {kind}"
        for record in _records_of(BotState)
        for name, kind in get_type_hints(record, localns=ONLY_FOR_TYPES).items()
        for part in _parts_of(kind)
        if not (isinstance(part, type) and (part in FIXED or issubclass(part, Enum) or _is_frozen(part)))
        and not (record is BotState and _parts_of(kind)[0] in (list, dict))
    ]
    assert not open_to_change
    assert {LegOrder, OpenOrder, Attention} < set(_records_of(BotState))


def _is_frozen(kind: Any) -> bool:
    params: Any = getattr(kind, "__dataclass_params__", None)
    return params is not None and bool(params.frozen)


def _parts_of(kind: Any) -> list[Any]:
    """The types that an annotation is made of, the outermost first."""
    return [get_origin(kind) or kind, *(part for each in get_args(kind) for part in _parts_of(each))]


def _records_of(root: Any) -> list[Any]:
    """`root` and every record that it holds at any depth."""
    found = [root]
    for record in found:
        for kind in get_type_hints(record, localns=ONLY_FOR_TYPES).values():
            found += [part for part in _parts_of(kind) if is_dataclass(part) and part not in found]
    return found


def test_new_record_is_seen_beside_an_earlier_image() -> None:
    """Also when the history is full and keeps its length (behaviour 9.4)."""
    state = a_state(record_count=500)
    before = image_of(state)
    assert image_of(state) == before
    state.order_history.append(a_record(501))
    after = image_of(state)
    assert after != before
    del state.order_history[:-500]
    assert image_of(state) == after


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


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(bot_states(), min_size=2, max_size=5))
def test_disk_holds_what_the_state_holds_after_each_save(wanted: list[BotState]) -> None:
    """Whatever changed, in place or for another value, and whatever was written before (behaviour 9.1)."""
    files = MemoryFiles()
    store = StateManager(files, Path("/s"), BOT)
    store.state = replace(wanted[0], bot_name=BOT)
    for one in wanted:
        _bring_to(store.state, one)
        store.save(NOW)
        assert decode(files.read(store.paths.state)) == store.state


def _bring_to(state: BotState, wanted: BotState) -> None:
    """Change a state where it is, as the engine does."""
    for each in fields(BotState):
        held, new = getattr(state, each.name), getattr(wanted, each.name)
        if each.default_factory is list:
            held[:] = new
        elif each.default_factory is dict:
            held.clear()
            held.update(new)
        else:
            setattr(state, each.name, new)
