"""Orders that are rejected again and again (behaviour 8)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.level_life import MOMENT, entry_placed, see, target_placed
from tests.support.states import NOW
from tg1.models import NO_BACKOFF, Backoff, LevelState, OrderStatus, Role
from tg1.rules.change import Note, Rejection
from tg1.rules.rejections import counted, forgiven, is_due, is_entry_due, next_backoff, over, refused

LATER = Backoff(rejections=3, retry_at=NOW + timedelta(seconds=4))
PAUSED = Backoff(rejections=5, retry_at=NOW, paused=True)


@pytest.mark.parametrize(
    ("backoff", "entry_due", "due"),
    [
        pytest.param(Backoff(), True, True, id="never-rejected"),
        pytest.param(LATER, False, False, id="backing-off"),
        pytest.param(PAUSED, False, True, id="paused"),
        pytest.param(Backoff(rejections=2, retry_at=NOW), True, True, id="time-has-come"),
        pytest.param(Backoff(rejections=2, retry_at=NOW + timedelta(hours=2)), True, True, id="clock-jumped-back"),
        pytest.param(Backoff(rejections=6, retry_at=NOW + timedelta(seconds=60)), False, False, id="a-whole-minute"),
    ],
)
def test_leg_is_due_unless_backing_off_and_only_entries_pause(
    backoff: Backoff,
    entry_due: bool,  # noqa: FBT001
    due: bool,  # noqa: FBT001
) -> None:
    """Behaviour 8.2; failures.md III.29: both sides of the guard."""
    assert is_entry_due(backoff, NOW) is entry_due
    assert is_due(backoff, NOW) is due


@pytest.mark.parametrize(("role", "paused"), [(Role.ENTRY, True), (Role.TARGET, False), (Role.OCO, False)])
def test_rejections_wait_longer_each_time_and_only_entries_pause(role: Role, paused: bool) -> None:  # noqa: FBT001
    """Behaviour 8, 8.2: next cycle, then 2, 4, 8 s; the fifth pauses an entry, and others try every 60 s from then."""
    backoff, waits = NO_BACKOFF, []
    for _ in range(7):
        backoff = next_backoff(backoff, role, "no", NOW)
        assert backoff.retry_at is not None
        waits.append((backoff.retry_at - NOW).total_seconds())
    assert waits == [0, 2, 4, 8, 60, 60, 60]
    assert backoff.paused is paused


@given(st.integers(0, 500), st.sampled_from(Role))
def test_back_off_is_bounded_by_a_minute(rejections: int, role: Role) -> None:
    """Behaviour 8: … 60 s."""
    after = next_backoff(Backoff(rejections=rejections), role, "no", NOW)
    assert after.retry_at is not None
    assert timedelta() <= after.retry_at - NOW <= timedelta(seconds=60)


def test_fifth_rejection_of_an_entry_pauses_it_with_the_brokers_reason() -> None:
    """Behaviour 8.2."""
    level = replace(entry_placed(), backoff=Backoff(rejections=4, retry_at=NOW))
    assert level.order is not None
    change = refused(level, level.order, "RMS:Rule")
    assert change.level.state is LevelState.FRESH
    assert change.rejection == Rejection(order=level.order, reason="RMS:Rule")
    assert change.notes == (Note(text="[downside] ENTRY BUY @ 49.00 rejected: RMS:Rule", severity=logging.WARNING),)
    change = counted(change.level, change.rejection, NOW)
    assert change.level.backoff == Backoff(
        rejections=5, retry_at=NOW + timedelta(seconds=60), paused=True, reason="RMS:Rule"
    )
    [(_, text)] = change.attention
    assert change.notes == (Note(text=f"[downside] LEVEL PAUSED: {text}", severity=logging.ERROR),)
    assert change.attention == (
        (
            "paused level0001 entry",
            "downside level 1: 5 entry orders in a row were rejected, the level is paused: RMS:Rule",
        ),
    )


@pytest.mark.parametrize("rejections", [3, 4, 5])
def test_fifth_rejection_of_a_hedge_calls_for_attention_and_goes_on(rejections: int) -> None:
    """Behaviour 8.2: targets and hedges protect what is open; a person is told under one key, however often."""
    level = replace(target_placed(), oco_backoff=Backoff(rejections=rejections, retry_at=NOW))
    assert level.oco_order is not None
    change = counted(level, Rejection(order=level.oco_order, reason="Margin"), NOW)
    assert (change.level.oco_backoff.rejections, change.level.oco_backoff.paused) == (rejections + 1, False)
    assert change.level.backoff == NO_BACKOFF
    sentence = "downside level 1: 5 oco orders in a row were rejected, one try every 60 s from now on: Margin"
    assert change.attention == (() if rejections == 3 else (("rejected level0001 oco", sentence),))
    assert change.notes == ()


def test_wait_of_what_must_not_wait_is_bounded() -> None:
    """Behaviour 8.2: a hedge that TokenB has passed; the shorter waits before the fifth stay as they are."""
    level = target_placed()
    assert level.oco_order is not None
    rejection = Rejection(order=level.oco_order, reason="Margin")
    waits = []
    for _ in range(6):
        change = counted(level, rejection, NOW, 10)
        level = change.level
        assert level.oco_backoff.retry_at is not None
        waits.append((level.oco_backoff.retry_at - NOW).total_seconds())
    assert waits == [0, 2, 4, 8, 10, 10]
    assert "one try every 10 s from now on" in change.attention[0][1]


@pytest.mark.parametrize(
    ("after", "ended"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"oco_backoff": NO_BACKOFF}, ["oco"], id="hedge-accepted"),
        pytest.param({"backoff": NO_BACKOFF}, ["target"], id="target-accepted"),
        pytest.param({"uuid": "another"}, ["target", "oco"], id="round-trip"),
    ],
)
def test_attention_of_a_leg_is_over_with_its_success_or_its_need(after: dict[str, Any], ended: list[str]) -> None:
    """Behaviour 8.2: what is hedged, sold or accepted waits for nobody."""
    five = Backoff(rejections=5, retry_at=NOW)
    before = replace(target_placed(), backoff=five, oco_backoff=five)
    assert over(before, replace(before, **after)) == [f"rejected level0001 {role}" for role in ended]
    four = replace(before, backoff=replace(five, rejections=4), oco_backoff=NO_BACKOFF)
    assert over(four, replace(four, uuid="another")) == []
    entry = replace(entry_placed(), backoff=five)
    assert over(entry, replace(entry, backoff=NO_BACKOFF)) == [], (
        "an entry that is rejected pauses, until a person looks"
    )


def test_hedge_that_was_refused_leaves_its_place_and_the_target_stays() -> None:
    """Behaviour 3.3: refused outright, nothing was created; only that leg is free."""
    level = target_placed()
    assert level.oco_order is not None
    assert refused(level, level.oco_order, "no").level == replace(level, oco_order=None)


@pytest.mark.parametrize("role", [Role.TARGET, Role.OCO])
def test_success_of_one_leg_forgives_that_leg_alone(role: Role) -> None:
    """Behaviour 8.1: target and hedge are counted apart."""
    three = Backoff(rejections=3, retry_at=NOW)
    hedge_rejected = replace(target_placed(), oco_backoff=three)
    target_rejected = replace(target_placed(), backoff=three)
    both = replace(hedge_rejected, backoff=three)
    forgiving = {
        Role.TARGET: [hedge_rejected, target_placed(), hedge_rejected],
        Role.OCO: [target_placed(), target_rejected, target_rejected],
    }[role]
    assert [forgiven(level, role) for level in (hedge_rejected, target_rejected, both)] == forgiving


def test_fill_clears_the_count_and_being_seen_at_work_does_not() -> None:
    """Behaviour 8.1: a fill is a success; a broker's square-off lets each order live for a moment."""
    level = replace(entry_placed(), backoff=Backoff(rejections=3, retry_at=NOW))
    assert level.order is not None
    level = replace(level, order=replace(level.order, placed_at=NOW))
    assert see(level, Role.ENTRY, OrderStatus.WORKING).level.backoff.rejections == 3
    assert see(level, Role.ENTRY, OrderStatus.WORKING, 10).level.backoff == NO_BACKOFF


@pytest.mark.parametrize(("rested_secs", "count"), [(59, 3), (60, 0)])
def test_order_that_is_seen_working_for_a_minute_clears_the_count_at_that_moment(rested_secs: int, count: int) -> None:
    """Behaviour 8.1: since its own placement, whoever ends the order later."""
    level = replace(entry_placed(), backoff=Backoff(rejections=3, retry_at=NOW))
    assert level.order is not None
    level = replace(level, order=replace(level.order, placed_at=NOW))
    later = replace(MOMENT, now=NOW + timedelta(seconds=rested_secs))
    assert see(level, Role.ENTRY, OrderStatus.WORKING, moment=later).level.backoff.rejections == count
    ended = see(level, Role.ENTRY, OrderStatus.CANCELLED, moment=later).level
    assert ended.backoff.rejections == 3, "to have ended is not to be seen working"


def test_order_that_no_book_shows_at_work_clears_no_count_by_its_age() -> None:
    """Behaviour 8.1: the exchange has not taken a pending order yet, however old it is."""
    level = replace(entry_placed(), backoff=Backoff(rejections=3, retry_at=NOW))
    assert level.order is not None
    level = replace(level, order=replace(level.order, placed_at=NOW, acknowledged=False))
    later = replace(MOMENT, now=NOW + timedelta(seconds=90))
    assert see(level, Role.ENTRY, OrderStatus.PENDING, moment=later).level.backoff.rejections == 3


@pytest.mark.parametrize("status", [OrderStatus.REJECTED, OrderStatus.CANCELLED])
def test_rejection_that_no_leg_minds_is_not_counted(status: OrderStatus) -> None:
    """Behaviour 5.2, 8: an entry that filled in part and was then rejected has moved on to its target."""
    change = see(entry_placed(), Role.ENTRY, status, 40)
    assert change.level.state is LevelState.TARGET_READY
    assert change.rejection is None
    assert change.level.backoff == NO_BACKOFF


def test_rejection_of_a_target_that_filled_in_part_is_counted_after_its_fill() -> None:
    """Behaviour 8.1: the fill clears the row, the rejection begins a new one."""
    level = replace(target_placed(), backoff=Backoff(rejections=3, retry_at=NOW))
    change = see(level, Role.TARGET, OrderStatus.REJECTED, 40, "49.50", reason="no")
    assert change.level.backoff == NO_BACKOFF
    assert change.rejection is not None
    assert counted(change.level, change.rejection, NOW).level.backoff.rejections == 1
