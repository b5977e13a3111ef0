"""What is news: each trouble when it begins and when it is over, each sentence and each end once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import BOT, NOW
from tests.support.told import ACCOUNT, FEED, HERE, ORDER, a_snapshot, an_event, an_instant
from tg1.machine.lock import Holder
from tg1.models import Attention, Side, Status, StatusKind
from tg1.told.events import EventKind
from tg1.told.found import Found
from tg1.told.judge import judge
from tg1.told.snapshot import Phase, ToldEnd, ToldPrice, ToldSaves
from tg1.watch.alerts import DEFAULT_NOISE, Kind, Noise
from tg1.watch.due import Seen, alerts_due, news
from tg1.watch.memory import BotMemory, Memory
from tg1.watch.spool_codec import Kept, decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.told.events import Event
    from tg1.told.snapshot import Snapshot
    from tg1.watch.alerts import Alert

ALIVE = Holder(pid=HERE.pid, since=NOW, host="here")
LOUD = {**DEFAULT_NOISE, Kind.FILL: Noise.NORMAL}
STALE = (
    ToldPrice(symbol="IRFC", price=Decimal("49.20"), age_secs=0.3, stale=False),
    ToldPrice(symbol="SBIN", price=Decimal("120.50"), age_secs=31.0, stale=True),
)


class Watched:
    """One bot, looked at again and again by a watch that forgets everything but what it keeps on disk."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.told: list[Alert] = []

    def look(
        self,
        snapshot: Snapshot | None,
        after_secs: float = 0.5,
        *,
        alive: bool = True,
        events: Sequence[Event] = (),
        status: Status | None = None,
        faults: tuple[str, ...] = (),
    ) -> list[str]:
        """Kinds of the alerts of this look; those that are over with a minus."""
        if snapshot is not None:
            snapshot = replace(
                snapshot,
                written_at=NOW + timedelta(seconds=after_secs - 0.5),
                written_boot_secs=snapshot.written_boot_secs + after_secs - 0.5,
            )
        return self.see(snapshot, after_secs, alive=alive, events=events, status=status, faults=faults)

    def see(self, snapshot: Snapshot | None, after_secs: float, *, alive: bool = True, **more: Any) -> list[str]:
        """The same with a snapshot that is as old as it is."""
        if more.get("status") is not None and snapshot is not None:
            snapshot = replace(snapshot, status=more["status"])
        found = Found(
            stem="bot",
            folder=Path("state"),
            holder=ALIVE if alive else None,
            snapshot=snapshot,
            saved=None,
            faults=more.get("faults", ()),
        )
        instant = an_instant(after_secs)
        events = more.get("events") or ()
        seen = Seen(
            key="state/bot",
            name=BOT,
            found=found,
            judgement=judge(found, instant),
            events=events,
            last_event=events[-1].id if events else "",
        )
        memory, alerts = alerts_due(self.memory, [seen], instant.now, LOUD)
        self.memory = decode(encode(Kept(memory=memory))).memory
        self.told += alerts
        return [f"{'-' if alert.cleared else ''}{alert.kind}" for alert in alerts]


@pytest.fixture
def bot() -> Watched:
    """A bot that was well at the last look."""
    watched = Watched()
    assert watched.look(a_snapshot()) == []
    return watched


def ended(kind: StatusKind, why: str = "session end", exit_code: int = 0, **more: Any) -> Snapshot:
    """What a bot says last that left no order."""
    end = ToldEnd(exit_code=exit_code, why=f"{kind}: {why}", **more)
    return a_snapshot(phase=Phase.ENDED, status=Status(kind=kind, reason=why), end=end, orders=())


def test_a_bot_that_is_well_is_no_news(bot: Watched) -> None:
    """However often it is looked at."""
    assert [bot.look(a_snapshot(cycle=cycle), cycle) for cycle in range(62, 70)] == [[]] * 8


def test_a_hang_is_told_once_and_so_is_its_end(bot: Watched) -> None:
    """No cycle for more than 10 s; then it cycles again."""
    assert bot.see(a_snapshot(), 10.0) == []
    assert bot.see(a_snapshot(), 10.5) == ["hung"]
    assert bot.see(a_snapshot(), 30) == []
    assert bot.look(a_snapshot(cycle=62), 75) == ["-hung"]
    assert bot.told[0].text.startswith("it hangs: no cycle for 10 s in process")
    assert bot.told[1].text == "it cycles again, 64 s after the alert"
    assert bot.told[0].occurrence == f"r1 hung {an_instant(10.5).now.isoformat()}"


def test_a_second_hang_is_another_occurrence(bot: Watched) -> None:
    """Or the outbox would take it for the first."""
    for start in (0, 100):
        bot.see(a_snapshot(cycle=start), start + 20)
        bot.look(a_snapshot(cycle=start + 1), start + 50)
    assert len({alert.identity for alert in bot.told}) == 4


def test_a_death_is_told_and_so_is_that_it_trades_again(bot: Watched) -> None:
    """Not while the next process still logs in."""
    assert bot.look(a_snapshot(), 2, alive=False) == ["died"]
    assert bot.look(a_snapshot(), 3, alive=False) == []
    assert bot.look(a_snapshot(run="r2", phase=Phase.STARTING, cycle=0), 60) == []
    assert bot.look(a_snapshot(run="r2", cycle=1), 63) == ["-died"]
    assert bot.told[1].text == "it trades again, 61 s after the alert"


def test_a_death_says_what_is_held(bot: Watched) -> None:
    """Nobody minds those shares."""
    bot.look(a_snapshot(), 2, alive=False)
    text = bot.told[0].text
    assert text.startswith("Its process is gone without a word; 1 order of it may still work at the broker")
    assert text.endswith("Held: Trade +100 IRFC at 49.00 (+20.00).")


def test_a_hang_that_is_killed_is_no_recovery(bot: Watched) -> None:
    """Nothing cycles again; the death is told."""
    bot.see(a_snapshot(), 20)
    assert bot.look(a_snapshot(), 21, alive=False) == ["died"]
    assert bot.look(a_snapshot(run="r2", cycle=1), 30) == ["-died"]


def test_a_death_between_two_looks_is_told(bot: Watched) -> None:
    """Whoever starts a bot again within a second must not hide that it died."""
    assert bot.look(a_snapshot(run="r2", cycle=1), 2) == ["died"]
    assert bot.told[0].text.startswith("its process died without a word and was started again")
    assert bot.look(a_snapshot(run="r2", cycle=2), 3) == []


def test_a_crash_between_two_looks_says_why(bot: Watched) -> None:
    """In the words of its last event."""
    events = [
        an_event(8, kind=EventKind.CRASHED, text="KeyError in the cycle"),
        an_event(9, kind=EventKind.OTHER, text="a word of the old run"),
        an_event(1, run="r2", kind=EventKind.STARTED, text="the bot was started"),
    ]
    assert bot.look(a_snapshot(run="r2", cycle=1), 2, events=events) == ["died"]
    assert bot.told[0].text.startswith("it died (KeyError in the cycle) and was started again")


@pytest.mark.parametrize("kind", [EventKind.STOPPED, EventKind.SESSION_END, EventKind.COMPLETED, EventKind.TERMINATED])
def test_a_good_end_between_two_looks_is_no_death(bot: Watched, kind: EventKind) -> None:
    """The operator stopped it and started it again."""
    assert bot.look(a_snapshot(run="r2", cycle=1), 2, events=[an_event(9, kind=kind)]) == []


def test_an_end_that_was_seen_is_no_death(bot: Watched) -> None:
    """Stopped yesterday, started today."""
    assert bot.look(ended(StatusKind.STOPPED), 2, alive=False) == ["session-end"]
    assert bot.look(a_snapshot(run="r2", cycle=1), 65000) == []


def test_the_session_end_comes_once_with_its_summary(bot: Watched) -> None:
    """Behaviour 15: the net first, its parts, what is held."""
    last = ended(StatusKind.STOPPED)
    assert bot.look(last, 2, alive=False) == ["session-end"]
    assert bot.look(last, 3, alive=False) == []
    assert bot.told[0].text == (
        "Stopped: session end. Net -12.50 (realised +50.00, open -50.00, charges -12.50). "
        "Held: Trade +100 IRFC at 49.00 (+20.00)."
    )


def test_an_end_that_leaves_orders_says_how_many(bot: Watched) -> None:
    """A bot that was stopped by hand leaves them, and nobody minds them: as loud as any end that left something."""
    last = replace(ended(StatusKind.STOPPED, "by signal"), orders=(ORDER,) * 9, positions=())
    assert bot.look(last, 2, alive=False) == ["failed"]
    assert bot.told[0].text.startswith("Stopped: by signal; 9 orders of it may still work at the broker, and nobody")
    assert bot.told[0].text.endswith("Nothing is held.")
    assert bot.look(a_snapshot(run="r2", cycle=1), 60) == ["-failed"]


def test_orders_that_a_cancel_all_removed_are_no_news(bot: Watched) -> None:
    """Whoever typed it has seen it: the trouble is gone, and nothing trades again."""
    last = replace(ended(StatusKind.STOPPED, "by signal"), orders=(ORDER,))
    assert bot.look(last, 2, alive=False) == ["failed"]
    assert bot.look(replace(last, orders=()), 60, alive=False) == []


def test_a_termination_comes_once_with_its_summary(bot: Watched) -> None:
    """Only a fresh grid that trades is its end."""
    gone = ended(StatusKind.TERMINATED, "OCO imbalance", exit_code=3)
    assert bot.look(gone, 2, alive=False) == ["terminated"]
    assert bot.look(gone, 3, alive=False) == []
    assert bot.told[0].text.startswith("Terminated: OCO imbalance. Net -12.50")
    assert bot.look(a_snapshot(run="r2", cycle=1), 60) == ["-terminated"]


def test_an_end_that_left_something_is_told_as_that(bot: Watched) -> None:
    """Orders may still work."""
    gone = ended(StatusKind.STOPPED, "3 orders could not be confirmed as cancelled", exit_code=1)
    assert bot.look(gone, 2, alive=False) == ["failed"]
    assert bot.look(gone, 3, alive=False) == []


def test_each_attention_is_told_once(bot: Watched) -> None:
    """Also over a restart of the bot, which says it again; after `--clear-attention` the same is news."""
    one = Attention(key="k", text="A target of B3 has no order.", at="2026-02-16T10:00:00+05:30")
    two = Attention(key="l", text="Another thing.", at="2026-02-16T10:01:00+05:30")
    assert bot.look(a_snapshot(attention=(one,)), 2) == ["attention"]
    assert bot.look(a_snapshot(attention=(one, two)), 3) == ["attention"]
    assert bot.told[1].text == "Another thing."
    bot.look(ended(StatusKind.STOPPED), 4, alive=False)
    bot.told.clear()
    assert bot.look(a_snapshot(attention=(one, two), run="r2"), 5) == ["attention", "attention"]


def test_attention_that_ends_by_itself_is_told_to_be_over_once(bot: Watched) -> None:
    """Behaviour 4.4, 5.3: who was woken for a blind account may go back to sleep; a watch that starts anew knows."""
    begun = Attention(key="blind trade", text="account trade is blind", at="2026-02-16T10:00:00+05:30")
    over = replace(begun, text="account trade is blind (over at 10:01:00: it is seen again)")
    assert bot.look(a_snapshot(attention=(begun,)), 2) == ["attention"]
    assert bot.look(a_snapshot(attention=(over,)), 60) == ["-attention"]
    assert bot.told[1].text == over.text
    assert bot.look(a_snapshot(attention=(over,)), 61) == []
    again = replace(begun, at="2026-02-16T11:00:00+05:30")
    assert bot.look(a_snapshot(attention=(again,)), 62) == ["attention"]
    assert bot.look(a_snapshot(attention=()), 63) == []


def test_attention_survives_a_restart_of_the_bot(bot: Watched) -> None:
    """Its last word and its first hold the same sentences."""
    one = Attention(key="k", text="A target of B3 has no order.", at="2026-02-16T10:00:00+05:30")
    assert bot.look(a_snapshot(attention=(one,)), 2) == ["attention"]
    stopped = replace(ended(StatusKind.STOPPED), attention=(one,))
    assert bot.look(stopped, 3, alive=False) == ["session-end"]
    assert bot.look(a_snapshot(attention=(), run="r2", phase=Phase.STARTING), 3.5) == []
    assert bot.look(a_snapshot(attention=(one,), run="r2", phase=Phase.STARTING), 4) == []
    assert bot.look(a_snapshot(attention=(one,), run="r2", cycle=1), 5) == []


@pytest.mark.parametrize(
    ("changes", "kind", "over"),
    [
        ({"prices": STALE}, "feed-stale", "the price of SBIN is back, 10 s after the alert"),
        (
            {"accounts": (replace(ACCOUNT, good_age_secs=31.0, fault="timeout"),)},
            "book-unread",
            "the order book of account trade is read again, 10 s after the alert",
        ),
        (
            {"saves": ToldSaves(count=7, p50_ms=4.2, p99_ms=9.8, fault="No space left on device")},
            "save-failing",
            "the state can be saved again, 10 s after the alert",
        ),
        (
            {"feed": replace(FEED, phase="token refused", fault="the Kite access token has expired")},
            "token-expired",
            "the Kite access token is good again, 10 s after the alert",
        ),
    ],
    ids=["stale", "unread", "save", "token"],
)
def test_what_a_bot_lacks_is_told_when_it_begins_and_when_it_is_over(
    bot: Watched, changes: dict[str, Any], kind: str, over: str
) -> None:
    """Once each, however long it lasts."""
    assert bot.look(a_snapshot(**changes), 40) == [kind]
    assert bot.look(a_snapshot(**changes), 41) == []
    assert bot.look(a_snapshot(), 50) == [f"-{kind}"]
    assert bot.told[1].text == over


def test_a_hang_is_no_end_of_stale_prices(bot: Watched) -> None:
    """It tells nothing any more, neither good nor bad."""
    assert bot.look(a_snapshot(prices=STALE), 40) == ["feed-stale"]
    assert bot.see(a_snapshot(), 52) == ["hung"]
    assert bot.look(a_snapshot(prices=STALE), 60) == ["-hung"]
    assert bot.look(a_snapshot(), 61) == ["-feed-stale"]


def test_a_token_may_become_good_before_a_bot_trades(bot: Watched) -> None:
    """Its prices may not: nobody looks at them yet."""
    refused = replace(FEED, phase="token refused", fault="the Kite access token has expired")
    assert bot.look(a_snapshot(feed=refused, prices=STALE), 40) == ["token-expired", "feed-stale"]
    assert bot.look(a_snapshot(phase=Phase.WAITING), 41) == ["-token-expired"]


def test_a_dead_bots_files_may_be_read_again(bot: Watched) -> None:
    """That is good news of the files alone."""
    fault = "its state can't be read: Permission denied"
    assert bot.look(a_snapshot(), 2, alive=False, faults=(fault,)) == ["died", "unreadable"]
    assert bot.look(a_snapshot(), 3, alive=False) == ["-unreadable"]


def test_a_bot_that_begins_to_tell_has_not_died(bot: Watched) -> None:
    """An edition that told nothing was followed by one that does."""
    mute = Watched()
    assert mute.see(None, 1) == []
    assert mute.look(a_snapshot(), 2) == []
    assert bot.see(None, 2) == []
    assert bot.look(a_snapshot(cycle=62), 3) == []


def test_every_bot_is_told_of() -> None:
    """And when it was looked."""
    found = Found(stem="b", folder=Path("s"), holder=None, snapshot=a_snapshot(), saved=None)
    seen = [
        Seen(key=name, name=name, found=found, judgement=judge(found, an_instant()), events=(), last_event="")
        for name in ("A", "B")
    ]
    memory, alerts = alerts_due(Memory(), seen, NOW, LOUD)
    assert [(alert.bot, alert.kind) for alert in alerts] == [("A", Kind.DIED), ("B", Kind.DIED)]
    assert memory.looked_at == NOW


def test_a_bot_that_stops_has_no_good_news(bot: Watched) -> None:
    """Its prices are not back."""
    bot.look(a_snapshot(prices=STALE), 40)
    assert bot.look(ended(StatusKind.STOPPED), 41, alive=False) == ["session-end"]


def test_fills_are_told_as_they_come(bot: Watched) -> None:
    """Each with its own time; the identity is the event's."""
    fills = [an_event(7, side=Side.BUY, text="bought 100 IRFC at 49.00"), an_event(8)]
    assert bot.look(a_snapshot(), 2, events=fills) == ["fill", "fill"]
    assert [alert.occurrence for alert in bot.told] == ["r1:7", "r1:8"]
    assert bot.told[0].at == NOW
    assert bot.memory.bots["state/bot"].event == "r1:8"
    bot.look(a_snapshot(), 3)
    assert bot.memory.bots["state/bot"].event == "r1:8"


def test_what_is_switched_off_is_not_told(bot: Watched) -> None:
    """A fill, by default."""
    seen = Seen(
        key="state/bot",
        name=BOT,
        found=Found(stem="bot", folder=Path("state"), holder=ALIVE, snapshot=a_snapshot(), saved=None),
        judgement=judge(
            Found(stem="bot", folder=Path("s"), holder=ALIVE, snapshot=a_snapshot(), saved=None), an_instant()
        ),
        events=[an_event(7)],
        last_event="r1:7",
    )
    assert alerts_due(bot.memory, [seen], NOW, DEFAULT_NOISE)[1] == []


def test_what_ended_long_before_the_first_look_is_no_news() -> None:
    """A folder with last month's bots; but what happened this morning is told."""
    assert Watched().see(ended(StatusKind.TERMINATED, exit_code=3), 86401, alive=False) == []
    assert Watched().see(ended(StatusKind.TERMINATED, exit_code=3), 86400, alive=False) == ["terminated"]


def test_news_of_events() -> None:
    """What follows the last one that was read; without it, what is younger than the last look."""
    events = [an_event(number, at=NOW + timedelta(seconds=number)) for number in range(1, 6)]
    assert [event.seq for event in news(events, BotMemory(event="r1:3"), NOW)] == [4, 5]
    assert [event.seq for event in news(events, BotMemory(event="r0:3"), NOW + timedelta(seconds=2))] == [3, 4, 5]
    assert [event.seq for event in news(events, None, NOW + timedelta(seconds=4))] == [5]
    assert news(events, None, None) == ()


MOMENTS = st.sampled_from(["well", "stale", "unread", "hung", "dead", "starting", "stopped", "terminated", "noted"])


@given(st.lists(MOMENTS, max_size=40))
def test_no_trouble_is_told_twice_and_none_ends_that_was_not_told(moments: list[str]) -> None:
    """Whatever a bot goes through, over a restart of the watch at every look."""
    bot, run, cycle = Watched(), 1, 0
    attention: tuple[Attention, ...] = ()
    bot.look(a_snapshot(run="r1"))
    for number, moment in enumerate(moments):
        secs, cycle = 100.0 * (number + 1), cycle + 1
        if moment == "noted":
            attention = (*attention, Attention(key=f"k{number}", text=f"sentence {number}", at=f"t{number}"))
        was_gone = bot.memory.bots["state/bot"].ended == f"r{run}"
        run += was_gone or moment == "starting"
        here = a_snapshot(run=f"r{run}", cycle=cycle, attention=attention)
        if moment == "hung":
            bot.see(replace(here, written_boot_secs=here.written_boot_secs + secs - 50), secs)
        elif moment in ("stopped", "terminated"):
            kind = StatusKind(moment.capitalize())
            last = ended(kind, exit_code=3 if moment == "terminated" else 0)
            bot.look(replace(last, run=f"r{run}", attention=attention), secs, alive=False)
        else:
            changed: dict[str, dict[str, Any]] = {
                "stale": {"prices": STALE},
                "unread": {"accounts": (replace(ACCOUNT, good_age_secs=40.0),)},
                "starting": {"phase": Phase.STARTING},
            }
            bot.look(replace(here, **changed.get(moment, {})), secs, alive=moment != "dead")
    identities = Counter(alert.identity for alert in bot.told)
    assert not identities or max(identities.values()) == 1
    begun = {(alert.kind, alert.occurrence) for alert in bot.told if not alert.cleared}
    assert {(alert.kind, alert.occurrence) for alert in bot.told if alert.cleared} <= begun
    sentences = [alert.text for alert in bot.told if alert.kind is Kind.ATTENTION]
    assert sentences == [entry.text for entry in attention]
