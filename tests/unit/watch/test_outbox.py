"""What waits for a target leaves once, bounded and in good time."""

from __future__ import annotations

from collections import Counter
from datetime import time, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.alerts import NOON, alert
from tg1.watch.alerts import Kind, Noise, QuietHours
from tg1.watch.outbox import Batch, Outbox, accept, due, expired, joined, refused, taken

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.watch.alerts import Alert

NIGHT = QuietHours(begins=time(22, 0), ends=time(8, 0))


def later(secs: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=secs)


def sent(outbox: Outbox, secs: float, quiet: QuietHours | None = None) -> tuple[Outbox, list[str]]:
    """What leaves at that moment, taken by the target."""
    batch = due(outbox, later(secs), quiet)
    if batch is None:
        return outbox, []
    return taken(outbox, batch, later(secs)), [each.occurrence for each in batch.alerts]


def test_an_alert_leaves_at_once_and_only_once() -> None:
    """Handed in again, before or after it was sent, it is no news."""
    outbox = accept(accept(Outbox(), [alert(1), alert(1)]), [alert(1)])
    outbox, left = sent(outbox, 0)
    assert left == ["1"]
    assert sent(accept(outbox, [alert(1)]), 3600)[1] == []


def test_what_is_off_is_not_taken_in() -> None:
    """Somebody said that he does not want to hear of it."""
    assert accept(Outbox(), [alert(1, noise=Noise.OFF)]) == Outbox()


@pytest.mark.parametrize(("noise", "window"), [(Noise.URGENT, 10), (Noise.NORMAL, 60), (Noise.QUIET, 900)])
def test_a_burst_is_folded_into_one_message_a_window(noise: Noise, window: int) -> None:
    """The first of its kind leaves at once, the rest together when the window is over."""
    outbox, left = sent(accept(Outbox(), [alert(0, noise=noise)]), 0)
    assert left == ["0"]
    seconds = range(window // 10, window, window // 10)
    for second in seconds:
        outbox, left = sent(accept(outbox, [alert(second, noise=noise)]), second)
        assert left == []
    assert sent(outbox, window - 1)[1] == []
    assert sent(outbox, window)[1] == [str(second) for second in seconds]


def test_many_fills_in_a_minute_are_one_message() -> None:
    """Forty fills, a second apart, after the first."""
    outbox = Outbox()
    messages = []
    for second in range(41):
        fill = alert(second, kind=Kind.FILL, noise=Noise.NORMAL, text=f"bought 100 IRFC at 49.{second:02}")
        outbox, left = sent(accept(outbox, [fill]), second)
        messages += [left] if left else []
    outbox, left = sent(outbox, 61)
    assert messages == [["0"]]
    assert len(left) == 40


def test_urgent_alerts_wait_for_no_other() -> None:
    """A window of one noise holds up no other."""
    outbox, _ = sent(accept(Outbox(), [alert(1, noise=Noise.NORMAL)]), 0)
    assert sent(accept(outbox, [alert(2, kind=Kind.DIED), alert(3, noise=Noise.NORMAL)]), 1)[1] == ["2"]


def test_one_kind_holds_up_no_other_and_takes_along_what_waits() -> None:
    """A fill half a minute ago is no reason to hear of the session's end later; the fills since then come with it."""
    fill = partial(alert, kind=Kind.FILL, noise=Noise.NORMAL)
    outbox, _ = sent(accept(Outbox(), [fill(1)]), 0)
    outbox, left = sent(accept(outbox, [fill(2)]), 29)
    assert left == []
    end = alert(3, kind=Kind.SESSION_END, noise=Noise.NORMAL)
    assert sent(accept(outbox, [end]), 30)[1] == ["2", "3"]


@pytest.mark.parametrize("hour", [22, 23, 0, 7])
def test_only_urgent_alerts_pass_in_quiet_hours(hour: int) -> None:
    """The others leave together when the quiet hours end."""
    moment = NOON.replace(hour=hour)
    outbox = accept(Outbox(), [alert("loud"), alert("normal", noise=Noise.NORMAL), alert("quiet", noise=Noise.QUIET)])
    batch = due(outbox, moment, NIGHT)
    assert batch is not None
    assert [each.occurrence for each in batch.alerts] == ["loud"]
    outbox = taken(outbox, batch, moment)
    assert due(outbox, moment + timedelta(seconds=60), NIGHT) is None
    morning = due(outbox, NOON.replace(hour=8) + timedelta(days=hour > 12), NIGHT)
    assert morning is not None
    assert [each.occurrence for each in morning.alerts] == ["normal", "quiet"]


def test_quiet_hours_within_a_day() -> None:
    """A nap: from 13:00, until before 14:30."""
    nap = QuietHours(begins=time(13, 0), ends=time(14, 30))
    held = [
        nap.hold(NOON.replace(hour=hour, minute=minute)) for hour, minute in ((12, 59), (13, 0), (14, 29), (14, 30))
    ]
    assert held == [False, True, True, False]


def test_a_target_that_refuses_is_tried_less_and_less_often() -> None:
    """2, 4, 8, 16, 32 s, then once a minute; what waits stays."""
    outbox, secs = accept(Outbox(), [alert(1)]), 0.0
    tries: list[float] = []
    while len(tries) < 8:
        if batch := due(outbox, later(secs), None):
            tries.append(secs)
            outbox = refused(outbox, batch, later(secs))
        secs += 1
    gaps = [after - before for before, after in pairwise(tries)]
    assert gaps == [2, 4, 8, 16, 32, 60, 60]
    assert sent(outbox, secs + 60)[1] == ["1"]


def test_what_was_refused_for_what_it_says_goes_alone_and_last() -> None:
    """Each of the message in turn, the one that was refused again behind the others; what is new goes first."""
    outbox = accept(Outbox(), [alert(1), alert(2), alert(3)])
    batch = due(outbox, later(0), None)
    assert batch is not None
    outbox = refused(outbox, batch, later(0), is_final=True)
    batch = due(outbox, later(2), None)
    assert batch is not None
    assert [each.occurrence for each in batch.alerts] == ["1"]
    outbox = accept(refused(outbox, batch, later(2), is_final=True), [alert(4)])
    left = []
    for secs in (6, 7, 8, 9):
        outbox, more = sent(outbox, secs)
        left.append(more)
    assert left == [["4"], ["2"], ["3"], ["1"]]
    assert outbox.alone == ()


def test_after_a_success_the_patience_is_new() -> None:
    """An outage of an hour ago makes nobody wait a minute; two failures in one moment are two."""
    outbox = accept(Outbox(), [alert(1)])
    nothing = Batch(alerts=(), dropped=0)
    for _ in range(5):
        outbox = refused(outbox, nothing, later(0))
        assert due(outbox, later(0), None) is None
    outbox, left = sent(outbox, 60)
    assert left == ["1"]
    assert (outbox.failures, outbox.tried_at) == (0, None)
    outbox = refused(accept(outbox, [alert(2, kind=Kind.DIED)]), nothing, later(70))
    assert sent(outbox, 71)[1] == []
    assert sent(outbox, 72)[1] == ["2"]


def test_an_earlier_outbox_comes_first() -> None:
    """What it owed, what it had sent and what it dropped; what came meanwhile follows, once."""
    earlier = Outbox(waiting=(alert(1), alert(2)), done=(alert(0).identity,), dropped=3, left_at={Kind.HUNG: later(0)})
    later_one = Outbox(
        waiting=(alert(0), alert(2), alert(3)),
        done=(alert(9).identity,),
        dropped=4,
        left_at={Kind.HUNG: later(5), Kind.DIED: later(6)},
    )
    both = joined(earlier, later_one)
    assert [each.occurrence for each in both.waiting] == ["1", "2", "3"]
    assert both.done == (alert(0).identity, alert(9).identity)
    assert both.dropped == 7
    assert both.left_at == {Kind.HUNG: later(5), Kind.DIED: later(6)}


def test_so_many_are_remembered_and_the_oldest_forgotten() -> None:
    """2,000."""
    outbox = joined(Outbox(done=tuple(str(number) for number in range(1500))), Outbox(done=("x",) * 501))
    assert len(outbox.done) == 2000
    assert outbox.done[0] == "1"


def test_a_clock_that_was_set_back_holds_up_nothing() -> None:
    """A failure and a message of the future are no reason to wait."""
    outbox = accept(Outbox(left_at={Kind.HUNG: later(86400)}), [alert(1)])
    outbox = refused(outbox, Batch(alerts=outbox.waiting, dropped=0), later(86400))
    assert sent(outbox, 0)[1] == ["1"]


def test_the_least_important_go_when_too_many_wait() -> None:
    """500 at most; the message that leaves next says how many were dropped."""
    many = [alert(f"fill {number}", kind=Kind.FILL, noise=Noise.NORMAL) for number in range(600)]
    outbox = accept(accept(Outbox(), [alert("hang")]), many)
    assert len(outbox.waiting) == 500
    assert outbox.waiting[0].occurrence == "hang"
    assert outbox.waiting[1].occurrence == "fill 101"
    batch = due(outbox, NOON, None)
    assert batch is not None
    assert batch.dropped == 101
    assert taken(outbox, batch, NOON).dropped == 0


def test_what_is_a_day_old_is_dropped_and_counted() -> None:
    """It would only hide what is new."""
    outbox = expired(accept(Outbox(), [alert(1), alert(2, after_secs=1)]), later(86401))
    assert [each.occurrence for each in outbox.waiting] == ["2"]
    assert outbox.dropped == 1


@given(st.lists(st.tuples(st.sampled_from(list(Noise)), st.integers(1, 700)), max_size=60), st.integers(0, 86399))
def test_a_message_never_holds_more_than_a_phone_shows(alerts: list[tuple[Noise, int]], second: int) -> None:
    """Whatever waits: at least one alert leaves, and no more text than a message takes."""
    outbox = accept(
        Outbox(), [alert(number, noise=noise, text="x" * size) for number, (noise, size) in enumerate(alerts)]
    )
    batch = due(outbox, NOON.replace(hour=0) + timedelta(seconds=second), None)
    assert (batch is None) == (not outbox.waiting)
    if batch is not None:
        assert sum(len(each.text) for each in batch.alerts[1:]) <= 3000


class Life(RuleBasedStateMachine):
    """A target that is there and is not, alerts that come and come again, a clock that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox, self.now = Outbox(), NOON
        self.handed_in: dict[str, Alert] = {}
        self.told: Counter[str] = Counter()
        self.dropped = 0
        self.left: list[tuple[datetime, Batch]] = []
        self.number = 0

    @rule(noise=st.sampled_from([Noise.URGENT, Noise.NORMAL, Noise.QUIET]), count=st.integers(1, 300))
    def come(self, noise: Noise, count: int) -> None:
        """New alerts."""
        alerts = []
        for _ in range(count):
            self.number += 1
            alerts.append(alert(self.number, noise=noise, after_secs=(self.now - NOON).total_seconds()))
        self.handed_in |= {each.identity: each for each in alerts}
        self.outbox = accept(self.outbox, alerts)

    @rule(data=st.data())
    def come_again(self, data: st.DataObject) -> None:
        """What a restart of the watch hands in a second time."""
        if self.handed_in:
            known = list(self.handed_in.values())[-1500:]
            self.outbox = accept(self.outbox, [data.draw(st.sampled_from(known))])

    @rule(secs=st.integers(1, 7200))
    def wait(self, secs: int) -> None:
        """Time goes on."""
        self.now += timedelta(seconds=secs)
        self.outbox = expired(self.outbox, self.now)

    @rule(takes=st.booleans(), is_final=st.booleans())
    def send(self, takes: bool, is_final: bool) -> None:  # noqa: FBT001 - drawn
        """One attempt."""
        batch = due(self.outbox, self.now, NIGHT)
        if batch is None:
            return
        if not takes:
            self.outbox = refused(self.outbox, batch, self.now, is_final=is_final)
            return
        self.outbox = taken(self.outbox, batch, self.now)
        self.told.update(each.identity for each in batch.alerts)
        self.dropped += batch.dropped
        self.left.append((self.now, batch))

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """Each alert waits, or was told once, or is counted as dropped."""
        waiting = [each.identity for each in self.outbox.waiting]
        assert len(waiting) == len(set(waiting))
        assert all(count == 1 for count in self.told.values())
        assert not set(waiting) & set(self.told)
        gone = self.dropped + self.outbox.dropped
        assert len(self.handed_in) == len(waiting) + len(self.told) + gone

    @invariant()
    def it_is_bounded(self) -> None:
        """Whatever comes."""
        assert len(self.outbox.waiting) <= 500
        assert len(self.outbox.done) <= 2000
        assert set(self.outbox.alone) <= {each.identity for each in self.outbox.waiting}

    @invariant()
    def nothing_but_urgent_leaves_at_night(self) -> None:
        """From 22:00 to 08:00."""
        if self.left:
            moment, batch = self.left[-1]
            night = moment.hour >= 22 or moment.hour < 8
            assert not night or {each.noise for each in batch.alerts} == {Noise.URGENT}


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
