"""The net over the day: a point a minute, bounded, begun anew each day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import NOW
from tests.support.told import an_event
from tg1.told.events import EventKind
from tg1.watch.day import DayCurve, Point, with_events, with_net

MORNING = NOW.replace(hour=10, minute=0, second=0, microsecond=0)


def minutes(points: tuple[Point, ...]) -> list[tuple[int, str]]:
    """As pairs."""
    return [(point.minute, str(point.rupees)) for point in points]


def test_a_minute_keeps_its_last_value() -> None:
    """Ten hours into the day are 600 minutes."""
    curve = None
    for secs, net in ((0, "1.00"), (30, "2.00"), (60, "3.00")):
        curve = with_net(curve, MORNING + timedelta(seconds=secs), Decimal(net))
    assert curve is not None
    assert minutes(curve.net) == [(600, "2.00"), (601, "3.00")]
    assert curve.first == Decimal("1.00")


def test_a_clock_that_was_set_back_draws_over_what_it_drew() -> None:
    """From there on, and nothing before it; the same value twice is the same curve."""
    curve = None
    for minute in (0, 1, 2, 3, 1):
        curve = with_net(curve, MORNING + timedelta(minutes=minute), Decimal(minute))
    assert curve is not None
    assert minutes(curve.net) == [(600, "0"), (601, "1")]
    assert with_net(curve, MORNING + timedelta(minutes=1), Decimal(1)) is curve


def test_what_nobody_knows_is_no_point() -> None:
    """A net without a price is not 0."""
    assert with_net(None, MORNING, None).net == ()


def test_a_new_day_begins_a_new_curve() -> None:
    """Yesterday's is gone, its first value as well."""
    curve = with_net(with_net(None, MORNING, Decimal(5)), MORNING + timedelta(days=1), Decimal(7))
    assert minutes(curve.net) == [(600, "7")]
    assert curve.first == Decimal(7)


def test_round_trips_of_today_are_summed_from_the_events() -> None:
    """What a watch that was just started can know of the morning."""
    trips = [
        an_event(1, kind=EventKind.ROUND_TRIP, net=Decimal("40.00"), at=MORNING - timedelta(days=1)),
        an_event(2, kind=EventKind.ROUND_TRIP, net=Decimal("12.50"), at=MORNING),
        an_event(3, kind=EventKind.FILL, net=Decimal("99.00"), at=MORNING),
        an_event(4, kind=EventKind.ROUND_TRIP, net=Decimal("-2.00"), at=MORNING + timedelta(minutes=3)),
        an_event(5, kind=EventKind.ROUND_TRIP, net=None, at=MORNING + timedelta(minutes=4)),
    ]
    curve = with_events(None, trips, MORNING + timedelta(hours=1))
    assert minutes(curve.booked) == [(600, "12.50"), (603, "10.50")]
    assert with_events(curve, [], MORNING) is curve


@given(st.lists(st.integers(0, 3 * 86400), max_size=300))
def test_it_is_bounded_and_in_order_whatever_the_clock_does(moments: list[int]) -> None:
    """Set back, or jumping on."""
    curve: DayCurve | None = None
    for number, secs in enumerate(moments):
        curve = with_net(curve, MORNING + timedelta(seconds=secs), Decimal(number))
        found = [point.minute for point in curve.net]
        assert found == sorted(set(found))
        assert len(found) <= 1440
        assert curve.net[-1].rupees == number
