"""A wall clock that leaves the session by a jump (behaviour 12)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.machine.clock import IST
from tg1.rules.wall_clock import WallReading, read_wall

TEN = datetime(2026, 11, 25, 10, 0, tzinfo=IST)


def in_session(now: datetime) -> bool:
    """09:15 to 15:00 on weekdays."""
    return now.weekday() < 5 and time(9, 15) <= now.time() < time(15, 0)


def told(*readings: tuple[float, str | datetime]) -> WallReading:
    """What is believed at last of (elapsed seconds, what the clock says) after ten o'clock at 0 s."""
    belief = WallReading(wall=TEN, elapsed=0.0)
    for elapsed, wall in readings:
        said = datetime.combine(TEN, time.fromisoformat(wall), IST) if isinstance(wall, str) else wall
        belief = read_wall(belief, said, elapsed, in_session)
    return belief


def test_jump_past_the_end_of_the_session_is_not_believed_until_it_has_held_for_sixty_seconds() -> None:
    """Behaviour 12: until then time goes on as it would have."""
    jumped: tuple[tuple[float, str | datetime], ...] = ((1.0, "10:00:01"), (2.0, "16:00:02"))
    assert told(*jumped).wall == TEN + timedelta(seconds=2)
    assert told(*jumped).doubted is not None
    held = [(2.0 + second, TEN + timedelta(hours=6, seconds=2 + second)) for second in range(61)]
    assert told(*jumped, *held[:60]).wall == TEN + timedelta(seconds=61)
    believed = told(*jumped, *held)
    assert (believed.wall, believed.doubted) == (TEN + timedelta(hours=6, seconds=62), None)


def test_clock_that_comes_back_is_believed_again_at_once() -> None:
    """Behaviour 12: the session has not ended for a moment."""
    back = told((1.0, "16:00:01"), (30.0, "16:00:30"), (31.0, "10:00:31"))
    assert (back.wall, back.doubted) == (TEN + timedelta(seconds=31), None)


def test_second_jump_begins_the_sixty_seconds_anew() -> None:
    """Behaviour 12: what has held is what was said."""
    assert told((1.0, "16:00:01"), (50.0, "20:00:50"), (61.0, "20:01:01")).wall.hour == 10
    assert told((1.0, "16:00:01"), (50.0, "20:00:50"), (110.0, "20:01:50")).wall.hour == 20


@pytest.mark.parametrize(
    "wall",
    ["15:02:01", TEN + timedelta(days=1), TEN - timedelta(days=1), TEN + timedelta(days=3), TEN.replace(year=1970)],
    ids=["past-the-end", "tomorrow", "yesterday", "saturday", "1970"],
)
def test_jump_past_the_end_or_to_another_day_is_doubted(wall: str | datetime) -> None:
    """Behaviour 12: another day would archive the state, as the end of the session cancels its orders."""
    assert told((1.0, wall)).wall == TEN + timedelta(seconds=1)


@pytest.mark.parametrize("wall", ["10:02:01", "14:59:59", "15:01:59", "09:15:00", "08:00:00"])
def test_jump_within_the_day_that_ends_nothing_for_long_is_believed(wall: str) -> None:
    """Behaviour 12: only what lands past the end by more than 2 minutes is doubted."""
    belief = told((1.0, wall))
    assert belief.wall == datetime.combine(TEN, time.fromisoformat(wall), IST)
    assert belief.doubted is None


def test_clock_that_is_put_right_by_two_minutes_is_believed_at_once() -> None:
    """Behaviour 12: even where that ends the session a little early."""
    near = WallReading(wall=TEN.replace(hour=14, minute=59), elapsed=0.0)
    assert read_wall(near, near.wall + timedelta(minutes=2), 0.0, in_session).doubted is None
    assert read_wall(near, near.wall + timedelta(minutes=4), 0.0, in_session).doubted is not None
    midnight = WallReading(wall=TEN.replace(hour=23, minute=59), elapsed=0.0)
    tomorrow = midnight.wall + timedelta(minutes=2)
    assert read_wall(midnight, tomorrow, 0.0, lambda _now: True) == WallReading(wall=tomorrow, elapsed=0.0)
    assert read_wall(midnight, tomorrow + timedelta(seconds=1), 0.0, lambda _now: True).doubted is not None


def test_doubted_clock_may_be_put_right_by_two_minutes_and_goes_on_being_doubted() -> None:
    """Behaviour 12: what it says has held for 60 s, give or take 2 minutes, however long the bot has run."""
    begun = WallReading(wall=TEN, elapsed=1000.0)
    jumped = read_wall(begun, TEN.replace(hour=16), 1000.0, in_session)
    shifted = read_wall(jumped, TEN.replace(hour=16, minute=2, second=30), 1030.0, in_session)
    assert shifted.doubted_since == 1000.0
    held = TEN.replace(hour=16, minute=1)
    assert read_wall(shifted, held, 1060.0, in_session) == WallReading(wall=held, elapsed=1060.0)
    assert read_wall(jumped, TEN.replace(hour=16, minute=2, second=31), 1030.0, in_session).doubted_since == 1030.0


def test_doubt_follows_the_elapsed_clock() -> None:
    """Behaviour 12: a clock that stands still for four minutes has jumped back, and is doubted anew."""
    jumped = told((1.0, "16:00:01"))
    assert read_wall(jumped, TEN.replace(hour=16), 241.0, in_session).doubted_since == 241.0


def test_hours_that_really_passed_are_no_jump() -> None:
    """A suspend: the elapsed clock went on as well (behaviour 10.1), and the session is over."""
    assert told((21_600.0, "16:00:00")) == WallReading(wall=TEN.replace(hour=16), elapsed=21_600.0)


def test_session_that_ends_while_the_clock_is_doubted_is_over() -> None:
    """The believed time ends the session, too, and then there is nothing to doubt for."""
    near = WallReading(wall=TEN.replace(hour=14, minute=59, second=30), elapsed=0.0)
    doubted = read_wall(near, TEN.replace(hour=20), 1.0, in_session)
    assert doubted.doubted is not None
    assert read_wall(doubted, TEN.replace(hour=20, second=30), 31.0, in_session).wall.hour == 20


@given(
    st.lists(
        st.tuples(st.floats(min_value=0.0, max_value=120.0), st.integers(min_value=-(10**6), max_value=10**6)),
        max_size=30,
    )
)
def test_believed_time_never_leaves_the_session_by_a_jump_that_did_not_hold(steps: list[tuple[float, int]]) -> None:
    """Behaviour 12, for every history: whoever leaves by a jump was doubted for a minute before."""
    belief, elapsed = WallReading(wall=TEN, elapsed=0.0), 0.0
    for secs, jump in steps:
        elapsed += secs
        before, belief = belief, read_wall(belief, belief.wall + timedelta(seconds=secs + jump), elapsed, in_session)
        was_expected = before.expected(elapsed)
        left = in_session(was_expected) and not in_session(belief.wall - timedelta(minutes=2))
        if left and belief.wall - was_expected > timedelta(minutes=2):
            assert before.doubted is not None
            assert elapsed - before.doubted_since >= 60.0
        assert belief.elapsed == elapsed
