"""A bot's net over the day: at most one point a minute, in memory only. PURE.

The net is known from the moment at which the watch began to look. What was booked before that is in the events, so a
watch that was started anew draws the round trips of the whole day, and the net from now on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.told.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from tg1.told.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The last value of one minute."""

    minute: int
    """Since midnight, IST."""
    rupees: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCurve:
    """One day of one bot."""

    day: date
    net: tuple[Point, ...] = ()
    """The trader's number; it may hold what earlier days left."""
    first: Decimal | None = None
    """The first net that was seen on this day, so that the day's change can be told."""
    booked: tuple[Point, ...] = ()
    """Sum of the day's finished round trips, by their own nets."""


def with_net(curve: DayCurve | None, at: datetime, net: Decimal | None) -> DayCurve:
    """The curve with what a snapshot tells; `at` is an IST time. A new day begins a new curve."""
    curve = _of_day(curve, at)
    if net is None or (curve.net and curve.net[-1] == _point(at, net)):
        return curve
    first = net if curve.first is None else curve.first
    return replace(curve, first=first, net=_appended(curve.net, _point(at, net)))


def with_events(curve: DayCurve | None, events: Iterable[Event], today: datetime) -> DayCurve:
    """The curve with the round trips of the day that ended."""
    curve = _of_day(curve, today)
    booked = curve.booked
    for event in events:
        if event.kind is EventKind.ROUND_TRIP and event.net is not None and event.at.date() == curve.day:
            before = booked[-1].rupees if booked else Decimal(0)
            booked = _appended(booked, _point(event.at, before + event.net))
    return curve if booked is curve.booked else replace(curve, booked=booked)


def _of_day(curve: DayCurve | None, at: datetime) -> DayCurve:
    return curve if curve is not None and curve.day == at.date() else DayCurve(day=at.date())


def _point(at: datetime, rupees: Decimal) -> Point:
    return Point(minute=at.hour * 60 + at.minute, rupees=rupees)


def _appended(points: tuple[Point, ...], point: Point) -> tuple[Point, ...]:
    """A minute keeps its last value, so a day has 1,440 at most; a clock that was set back draws over what it drew."""
    before = points
    while before and before[-1].minute >= point.minute:
        before = before[:-1]
    return (*before, point)
