"""Pacing: never more than N in any second, and no longer a wait than that needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.xts.pacing import ORDER_CALLS_PER_SECOND, SlidingWindow

# Multiples of 1/1024 s are exact in binary, so that the property is not about rounding.
_gaps = st.lists(st.integers(min_value=0, max_value=2048).map(lambda ticks: ticks / 1024), max_size=60)


def _send_all(window: SlidingWindow, gaps: list[float]) -> list[float]:
    """The instants of sending when a caller asks after each gap and always waits as long as it is told."""
    now, sent = 100.0, []
    for gap in gaps:
        now += gap
        while (due := window.next_send_time(now)) is not None:
            assert due > now
            now = due
        window.note_sent(now)
        sent.append(now)
    return sent


@given(limit=st.integers(min_value=1, max_value=10), gaps=_gaps)
def test_window_never_lets_more_than_its_limit_go_in_any_second(limit: int, gaps: list[float]) -> None:
    """Any `limit` + 1 sends in a row span at least a second (behaviour 11.3)."""
    sent = _send_all(SlidingWindow(limit=limit), gaps)
    assert all(later - earlier >= 1.0 for earlier, later in zip(sent, sent[limit:], strict=False))


@given(limit=st.integers(min_value=1, max_value=10), gaps=_gaps)
def test_window_never_holds_a_send_back_without_need(limit: int, gaps: list[float]) -> None:
    """A send that was held back goes exactly one second after the one that is `limit` places before it."""
    sent = _send_all(SlidingWindow(limit=limit), gaps)
    asked = 100.0
    for place, (gap, at) in enumerate(zip(gaps, sent, strict=True)):
        asked = (sent[place - 1] if place else 100.0) + gap
        assert at == asked or at == sent[place - limit] + 1.0


def test_window_lets_a_burst_of_eight_orders_go_at_once() -> None:
    """The ninth order call waits for the first to be a second old (behaviour 11.3)."""
    window = SlidingWindow(limit=ORDER_CALLS_PER_SECOND)
    assert _send_all(window, [0.0] * 9) == [100.0] * 8 + [101.0]


def test_closed_window_lets_nothing_go_for_a_second() -> None:
    """What the server's limiter refused holds everything back until its window is over (behaviour 11.3)."""
    window = SlidingWindow(limit=ORDER_CALLS_PER_SECOND)
    window.close(99.5)
    assert window.next_send_time(100.0) == 100.5
    assert window.next_send_time(100.5) is None


def test_call_counts_from_its_answer() -> None:
    """Whatever the wire delays, eight calls reach the server in any second and no more (behaviour 11.3)."""
    window = SlidingWindow(limit=2)
    window.note_sent(100.0)
    window.note_sent(100.0)
    window.note_answered(100.0, 100.25)
    assert window.sent == [100.0, 100.25]
    assert window.next_send_time(100.5) == 101.0
    window.note_answered(7.0, 100.5)
    assert window.sent == [100.0, 100.25], "a send that does not count any more stays out"


def test_window_takes_over_what_others_have_sent() -> None:
    """The last ones count, in order (behaviour 11.3)."""
    window = SlidingWindow(limit=2)
    window.note_sent(100.0)
    window.sent = [100.75, 99.0, 100.5]
    assert window.sent == [100.5, 100.75]


@pytest.mark.parametrize(("limit", "secs"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, float("nan"))])
def test_window_refuses_a_limit_that_paces_nothing(limit: int, secs: float) -> None:
    """A limit or a window of 0 is a mistake of the caller."""
    with pytest.raises(ValueError, match="can't pace"):
        SlidingWindow(limit=limit, window_secs=secs)
