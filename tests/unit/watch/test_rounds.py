"""The watch at work: with a clock by hand, real folders, and a real Apprise target on loopback."""

from __future__ import annotations

import errno
import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.alerts import Inbox
from tests.support.fakes import HandClock
from tests.support.looks import a_look, seen
from tests.support.notified import NtfyServer, ntfy_server
from tests.support.states import BOT, NOW
from tests.support.told import BOOT_SECS, a_snapshot, held_lock, write_snapshot
from tg1.errors import AlreadyRunning
from tg1.machine.process import boot_id
from tg1.machine.redact import Redactor
from tg1.machine.shared_files import OsSharedFile
from tg1.models import Attention
from tg1.watch.alerts import DEFAULT_NOISE
from tg1.watch.lookout import Lookout
from tg1.watch.memory import Memory
from tg1.watch.postman import Postman
from tg1.watch.rounds import Rounds, beginning
from tg1.watch.spool import Spool
from tg1.watch.targets import TAKEN, Target, collect, targets_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tg1.watch.seen import Look

NOTE = Attention(key="k", text="A target of B3 has no order.", at="2026-02-16T10:00:00+05:30")


class Watch:
    """One watch over a folder; the next one over the same folder is its restart."""

    def __init__(self, folder: Path, clock: HandClock, send: object, *more_folders: Path) -> None:
        target = send if isinstance(send, Target) else Target(key="t", name="target 1 (test)", send=send)  # type: ignore[arg-type]  # an Inbox
        self.clock = clock
        self.postman = Postman([target], clock, host="h", start=threading.Thread.run)
        self.lookout = Lookout([folder, *more_folders], clock, Memory(), DEFAULT_NOISE)
        self.spool = Spool(folder / "watch" / "spool.json", within=folder)
        self.rounds = Rounds(self.lookout, self.postman, self.spool, clock)

    def go(self, secs: int) -> None:
        """A round every second."""
        for _ in range(secs):
            self.rounds.once()
            self.clock.advance(1)

    def die(self) -> None:
        """As by a power cut: nothing is said or written."""
        self.spool.release()


@pytest.fixture
def clock() -> HandClock:
    """Half a second after the snapshots of the tests were written."""
    clock = HandClock(NOW + timedelta(seconds=0.5))
    clock.mono = BOOT_SECS + 0.5
    return clock


@pytest.fixture
def ntfy() -> Iterator[NtfyServer]:
    """A service on loopback."""
    yield from ntfy_server()


def tell(folder: Path, clock: HandClock, cycle: int, **changes: object) -> None:
    """A cycle of the bot, now."""
    snapshot = a_snapshot(cycle=cycle, written_at=clock.wall, written_boot_secs=clock.mono, **changes)
    write_snapshot(folder, replace(snapshot, process=replace(snapshot.process, boot_id=boot_id())))


def test_a_hang_reaches_a_phone_and_so_does_its_end(tmp_path: Path, clock: HandClock, ntfy: NtfyServer) -> None:
    """Through Apprise, over HTTP, once each; the network that is away in between costs nothing."""
    watch = Watch(tmp_path, clock, targets_of(collect(None, {"TG1_ALERT_URLS": ntfy.hurried_address}), Redactor())[0])
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61)
        watch.go(5)
        ntfy.status = 503
        watch.go(20)
        assert [title for title, _ in ntfy.posted] == ["TG1 watch"]
        ntfy.status = 200
        watch.go(40)
        tell(tmp_path, clock, 62)
        watch.go(2)
    assert [title for title, _ in ntfy.posted] == ["TG1 watch", f"{BOT} hangs", f"{BOT} cycles again"]
    assert f"{BOT}: it hangs: no cycle for 11 s in process" in ntfy.posted[1][1]


def test_nothing_is_told_twice_over_a_restart(tmp_path: Path, clock: HandClock) -> None:
    """The same trouble, the same sentence: the next watch knows that they were told."""
    inbox = Inbox()
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61, attention=(NOTE,))
        first = Watch(tmp_path, clock, inbox)
        first.go(30)
        first.die()
        second = Watch(tmp_path, clock, inbox)
        second.go(30)
        second.die()
        tell(tmp_path, clock, 62, attention=(NOTE,))
        third = Watch(tmp_path, clock, inbox)
        third.go(5)
        third.die()
    texts = [line.partition(f"{BOT}: ")[2] for line in inbox.lines if BOT in line]
    assert [text[:20] for text in texts] == ["A target of B3 has n", "it hangs: no cycle f", "it cycles again, 49 "]


def test_blindness_is_told_once_over_a_restart(tmp_path: Path, clock: HandClock) -> None:
    """The same folder is still away: nothing is told again, and the watch that sees its end tells that."""
    inbox, away = Inbox(), tmp_path / "away"
    for is_there in (False, False, True):
        if is_there:
            away.mkdir()
        watch = Watch(tmp_path, clock, inbox, away)
        watch.go(130)
        watch.die()
    texts = [line.partition(": ")[2] for line in inbox.lines]
    assert sum("the watch is blind here" in text for text in texts) == 1
    assert sum("the watch sees again" in text for text in texts) == 1


def test_what_was_owed_is_sent_after_a_restart(tmp_path: Path, clock: HandClock) -> None:
    """The network was away, then the watch was killed; the network comes back."""
    inbox = Inbox()
    inbox.refuses = "it can't be reached"
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61, attention=(NOTE,))
        first = Watch(tmp_path, clock, inbox)
        first.go(5)
        first.die()
        inbox.refuses = ""
        tell(tmp_path, clock, 62, attention=(NOTE,))
        second = Watch(tmp_path, clock, inbox)
        second.go(3)
        second.die()
    assert sum("A target of B3 has no order." in line for line in inbox.lines) == 1


def test_the_beginning_says_since_when_nobody_looked(tmp_path: Path, clock: HandClock) -> None:
    """A watch that was away is told of, and what it sees now."""
    inbox = Inbox()
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61)
        first = Watch(tmp_path, clock, inbox)
        first.go(2)
        first.die()
        clock.advance(3600)
        tell(tmp_path, clock, 62)
        Watch(tmp_path, clock, inbox).go(1)
    assert inbox.lines[0].endswith("The watch has begun: 1 active.")
    assert "Nobody looked since 16 Feb" in inbox.lines[1]


def test_a_beginning_without_bots() -> None:
    """In words that fit."""
    assert beginning(a_look(), None) == "The watch has begun: no bot yet."
    assert beginning(a_look(seen(), seen(alive=False)), None) == "The watch has begun: 1 active, 1 dead."


def test_a_folder_that_comes_later_brings_its_spool(tmp_path: Path, clock: HandClock) -> None:
    """Nothing is made in a folder that is not there; what a watch before had told is not told again."""
    inbox, folder = Inbox(), tmp_path / "state"
    watch = Watch(folder, clock, inbox)
    watch.go(3)
    assert not folder.exists()
    assert len(inbox.messages) == 1
    folder.mkdir()
    with held_lock(folder):
        tell(folder, clock, 61, attention=(NOTE,))
        before = Watch(folder, clock, Inbox())
        before.go(2)
        before.die()
        watch.go(2)
        assert sum("A target of B3" in line for line in inbox.lines) == 0
    with pytest.raises(AlreadyRunning):
        Watch(folder, clock, inbox).go(1)


def test_the_walk_ends_when_a_signal_comes(tmp_path: Path, clock: HandClock) -> None:
    """After the round that it interrupted; every look was shown; everything is written down."""
    inbox = Inbox()
    watch = Watch(tmp_path, clock, inbox)
    shown: list[Look] = []

    def stop() -> None:
        clock.stopping = len(shown) == 5

    clock.on_wait = stop
    watch.rounds.walk(shown.append)
    assert [look.at.second - shown[0].at.second for look in shown] == [0, 1, 2, 3, 4]
    watch.die()
    assert Spool(tmp_path / "watch" / "spool.json").load().memory.looked_at == shown[-1].at


def test_a_bug_ends_no_watch(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, nothing is shown meanwhile, and the rounds go on."""
    watch = Watch(tmp_path, clock, Inbox())
    shown: list[Look] = []
    rounds = []
    look = watch.lookout.look

    def buggy() -> object:
        rounds.append(clock.mono)
        if 2 <= len(rounds) <= 4:
            raise KeyError("a bug")
        return look()

    monkeypatch.setattr(watch.lookout, "look", buggy)
    clock.on_wait = lambda: setattr(clock, "stopping", len(rounds) == 6)
    watch.rounds.walk(shown.append)
    assert len(shown) == 3
    assert [record.message for record in caplog.records] == ["A round of the watch failed; the next one follows"]


def walk(watch: Watch, secs: int) -> None:
    """Its own loop, for so many seconds."""
    until = watch.clock.mono + secs
    watch.clock.stopping = False
    watch.clock.on_wait = lambda: setattr(watch.clock, "stopping", watch.clock.mono >= until)
    watch.rounds.walk()


def test_a_bug_that_lasts_is_told_once_and_so_is_its_end(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a minute, also where the service manager starts the watch anew before that."""

    def buggy(_: Lookout) -> object:
        raise KeyError("a bug")

    inbox = Inbox()
    with monkeypatch.context() as with_bug:
        with_bug.setattr(Lookout, "look", buggy)
        for _ in range(3):
            watch = Watch(tmp_path, clock, inbox)
            walk(watch, 45)
            watch.die()
        assert [line.partition(": ")[2] for line in inbox.lines] == [
            "the watch is blind here: its rounds end in a KeyError, which is a bug of ours; its log shows where"
        ]
    watch = Watch(tmp_path, clock, inbox)
    walk(watch, 70)
    watch.die()
    assert sum("the watch sees again" in line for line in inbox.lines) == 1


def test_what_is_owed_leaves_while_rounds_fail(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch that can't look can tell still."""
    inbox = Inbox()
    inbox.refuses = "it can't be reached"
    watch = Watch(tmp_path, clock, inbox)
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61, attention=(NOTE,))
        watch.go(2)
    monkeypatch.setattr(watch.lookout, "look", lambda: 1 // 0)
    inbox.refuses = ""
    walk(watch, 10)
    assert sum("A target of B3" in line for line in inbox.lines) == 1


def test_no_alert_is_lost_to_a_bug_in_the_post(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one round saw and could not tell, the next one tells."""
    inbox = Inbox()
    watch = Watch(tmp_path, clock, inbox)
    watch.go(1)
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61, attention=(NOTE,))
        hear, bugs = watch.postman.hear, iter([KeyError("a bug")])

        def buggy() -> None:
            for bug in bugs:
                raise bug
            hear()

        monkeypatch.setattr(watch.postman, "hear", buggy)
        walk(watch, 3)
    assert sum("A target of B3" in line for line in inbox.lines) == 1


def test_the_end_does_not_wait_for_a_target_that_hangs(tmp_path: Path, clock: HandClock) -> None:
    """Three seconds at most; what was on its way is owed."""
    target = Target(key="t", name="target 1 (slow)", send=lambda _: TAKEN)
    postman = Postman([target], clock, host="h", start=lambda _: None)
    spool = Spool(tmp_path / "watch" / "spool.json")
    rounds = Rounds(Lookout([tmp_path], clock, Memory(), DEFAULT_NOISE), postman, spool, clock)
    rounds.once()
    clock.stopping = True
    begun = clock.mono
    rounds.walk()
    assert clock.mono - begun == pytest.approx(3.0, abs=0.1)
    spool.release()
    assert len(spool.load().outboxes["t"].waiting) == 1


def test_a_watch_without_targets_keeps_nothing(tmp_path: Path, clock: HandClock) -> None:
    """A page alone writes no file."""
    rounds = Rounds(Lookout([tmp_path], clock, Memory(), DEFAULT_NOISE), Postman([], clock, host="h"), None, clock)
    rounds.once()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_at_the_start_costs_no_alert(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once; when there is room, what is owed is kept as ever."""

    def full(_: OsSharedFile) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    inbox = Inbox()
    with held_lock(tmp_path), monkeypatch.context() as no_room:
        no_room.setattr(OsSharedFile, "try_lock", full)
        tell(tmp_path, clock, 61, attention=(NOTE,))
        watch = Watch(tmp_path, clock, inbox)
        watch.go(3)
    assert sum("A target of B3" in line for line in inbox.lines) == 1
    assert caplog.text.count("No space left on device") == 1
    watch.go(1)
    assert watch.spool.path.exists()


def test_a_disk_that_has_room_again_keeps_at_once_what_it_could_not(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the next round, not half a minute later: a power cut in between would tell twice, or never."""
    inbox = Inbox()
    inbox.refuses = "it can't be reached"
    watch = Watch(tmp_path, clock, inbox)
    watch.go(1)
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61, attention=(NOTE,))
        with monkeypatch.context() as no_room:
            no_room.setattr(watch.spool, "save", lambda _: False)
            watch.go(1)
        watch.go(1)
    kept = [each.text for each in watch.spool.load().outboxes["t"].waiting]
    assert "A target of B3 has no order." in kept


def test_the_service_manager_hears_of_whole_rounds(tmp_path: Path, clock: HandClock) -> None:
    """Ready with the first, alive with each, how it stands in words; stopping at the end."""
    said: list[list[str]] = []
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61, attention=(NOTE,))
        lookout = Lookout([tmp_path, tmp_path / "none"], clock, Memory(), DEFAULT_NOISE)
        rounds = Rounds(lookout, Postman([], clock, host="h"), None, clock, notify=said.append)
        rounds.once()
    clock.stopping = True
    rounds.walk()
    assert said[0][:2] == ["READY=1", "WATCHDOG=1"]
    assert said[0][2].startswith("STATUS=1 bot, 1 in need of a person; there is no state folder")
    assert said[1] == ["STOPPING=1"]


def test_what_is_told_is_in_the_journal_too(tmp_path: Path, clock: HandClock, caplog: pytest.LogCaptureFixture) -> None:
    """Once, as a warning; good news as news."""
    caplog.set_level(logging.INFO)
    watch = Watch(tmp_path, clock, Inbox())
    with held_lock(tmp_path):
        tell(tmp_path, clock, 61)
        watch.go(12)
        tell(tmp_path, clock, 62)
        watch.go(2)
    assert [(record.levelname, record.message.partition(": ")[2][:8]) for record in caplog.records] == [
        ("WARNING", "it hangs"),
        ("INFO", "it cycle"),
    ]
