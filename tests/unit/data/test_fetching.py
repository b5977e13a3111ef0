"""Paced, patient, resumable: the fetch with a clock moved by hand and a Kite of one's own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.support.hand_clock import HandClock
from tests.unit.data.test_months import day_of, months_in
from tg1.data.fetching import Patient, Range, fetch, planned
from tg1.errors import FeedError, KiteRefused, KiteTokenExpired

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.kite.history import Minute

FIRST = date(2026, 10, 1)


class Server:
    """Answers with a day of one price, unless something else is next on its list."""

    def __init__(self, clock: HandClock, *answers: Exception | None) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.at: list[float] = []

    def __call__(self, _token: int, first: date, _last: date) -> list[Minute]:
        self.at.append(self.clock.secs)
        failure = self.answers.pop(0) if self.answers else None
        if failure is not None:
            raise failure
        return day_of(first, 100.0)


def quiet(_: str) -> None:
    """Say nothing."""


def test_no_second_sees_more_than_three_requests() -> None:
    """Of one api key (kite.md 2.6), counted over any second."""
    clock = HandClock()
    server = Server(clock)
    ask = Patient(server, clock, quiet)
    for _ in range(10):
        ask(1, FIRST, FIRST)
    assert all(later - earlier >= 1.0 for earlier, later in zip(server.at, server.at[3:], strict=False))
    assert server.at[-1] <= 3.01


def test_limit_and_sick_server_are_waited_out() -> None:
    """Longer each time, and said each time."""
    clock, told = HandClock(), list[str]()
    server = Server(clock, FeedError("Kite did not serve it (429)"), FeedError("502"))
    assert len(Patient(server, clock, told.append)(1, FIRST, FIRST)) == 3
    assert clock.waits[:2] == [1.0, 2.0]
    assert told == ["Kite did not serve it (429); asking again in 1 s", "502; asking again in 2 s"]


def test_server_that_stays_sick_ends_the_run_with_a_sentence() -> None:
    """After seven tries and a minute of waiting."""
    clock = HandClock()
    server = Server(clock, *[FeedError("Kite can't be reached")] * 7)
    with pytest.raises(FeedError, match=r"given up after 7 tries\. The same command goes on"):
        Patient(server, clock, quiet)(1, FIRST, FIRST)
    assert (len(server.at), sum(clock.waits) >= 63) == (7, True)


@pytest.mark.parametrize("refusal", [KiteRefused("no"), KiteTokenExpired("expired")])
def test_plain_no_is_not_asked_again(refusal: Exception) -> None:
    """An expired token and a plan without candles don't mend by waiting."""
    clock = HandClock()
    server = Server(clock, refusal)
    with pytest.raises(type(refusal)):
        Patient(server, clock, quiet)(1, FIRST, FIRST)
    assert len(server.at) == 1


def test_run_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """What came before the failure is on disk and is not fetched twice; `again` fetches it."""
    clock = HandClock()
    months, tokens, wanted = months_in(tmp_path), {"A": 1, "B": 2}, Range(first=FIRST, last=FIRST)
    ask = Patient(Server(clock, None, KiteTokenExpired("expired")), clock, quiet)
    steps: list[str] = []
    with pytest.raises(KiteTokenExpired):
        fetch(planned(months, ["A", "B"], wanted), tokens, months, ask, steps.append)
    assert steps == ["A"]
    plan = planned(months, ["A", "B"], wanted)
    assert {symbol: len(requests) for symbol, requests in plan.items()} == {"A": 0, "B": 1}
    first, second = fetch(plan, tokens, months, ask, steps.append)
    assert (first.requests, second.requests, second.days, second.minutes) == (0, 1, 1, 3)
    again = planned(months, ["A"], Range(first=FIRST, last=FIRST, again=True))
    assert again == {"A": [(FIRST, FIRST)]}


def test_torn_file_is_fetched_again_as_any_other(tmp_path: Path) -> None:
    """Whoever asks for all of it anew is not told to delete it first."""
    clock = HandClock()
    months_in(tmp_path).keep("A", day_of(FIRST, 90.0), {FIRST})
    path = tmp_path / "A_2026-10.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    months = months_in(tmp_path)
    plan = planned(months, ["A"], Range(first=FIRST, last=FIRST, again=True))
    (found,) = fetch(plan, {"A": 1}, months, Patient(Server(clock), clock, quiet), quiet)
    assert (found.days, found.damaged) == (1, ("A_2026-10.parquet",))
