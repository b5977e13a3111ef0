"""What the watch sees in real folders, with a clock by hand."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.fakes import HandClock
from tests.support.states import BOT, NOW
from tests.support.told import BOOT_SECS, a_snapshot, an_event, held_lock, write_snapshot
from tg1.machine.process import boot_id
from tg1.told.codec import encode_event
from tg1.told.judge import Life
from tg1.told.paths import ToldPaths
from tg1.watch.alerts import DEFAULT_NOISE, Kind, Noise
from tg1.watch.lookout import Lookout
from tg1.watch.memory import Memory
from tg1.watch.seen import names_of

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.told.events import Event
    from tg1.told.snapshot import Snapshot

LOUD = {**DEFAULT_NOISE, Kind.FILL: Noise.NORMAL}


def a_clock() -> HandClock:
    """Half a second after the snapshots of the tests were written."""
    clock = HandClock(NOW + timedelta(seconds=0.5))
    clock.mono = BOOT_SECS + 0.5
    return clock


def here(**changes: object) -> Snapshot:
    """A snapshot of this boot, as the lookout reckons ages."""
    snapshot = a_snapshot(**changes)
    return replace(snapshot, process=replace(snapshot.process, boot_id=boot_id()))


def tell(folder: Path, *events: Event) -> None:
    """Append events as a bot does."""
    with ToldPaths(folder, BOT).events.open("ab") as file:
        file.write(b"".join(map(encode_event, events)))


def kinds(lookout: Lookout) -> list[str]:
    """Of the alerts of one look."""
    return [f"{'-' if alert.cleared else ''}{alert.kind}" for alert in lookout.look()[1]]


def test_a_hang_is_noticed_by_the_clock_alone(tmp_path: Path) -> None:
    """Nothing in the folder changes: that is the point."""
    clock = a_clock()
    lookout = Lookout([tmp_path], clock, Memory(), LOUD)
    write_snapshot(tmp_path, here())
    with held_lock(tmp_path):
        seen = []
        for _ in range(14):
            seen.append((kinds(lookout), lookout.look()[0].bots[0].judgement.life))
            clock.advance(1)
        assert seen[9] == ([], Life.ACTIVE)
        assert seen[10] == (["hung"], Life.HUNG)
        assert seen[11] == ([], Life.HUNG)


def test_nobody_hangs_because_the_machine_slept(tmp_path: Path) -> None:
    """After a gap between two looks the bots get time to cycle; one that still does not is told."""
    clock = a_clock()
    lookout = Lookout([tmp_path], clock, Memory(), LOUD)
    write_snapshot(tmp_path, here())
    with held_lock(tmp_path):
        assert kinds(lookout) == []
        clock.advance(3600)
        assert kinds(lookout) == []
        told = []
        for _ in range(16):
            clock.advance(1)
            told += kinds(lookout)
        assert told == ["hung"]


def test_no_folder_is_waited_for_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once; when it comes, its bots are seen."""
    folder = tmp_path / "state"
    lookout = Lookout([folder], a_clock(), Memory(), LOUD)
    assert lookout.look()[0].faults[0].startswith(f"there is no state folder {folder}")
    lookout.look()
    said = (
        f"There is no state folder {folder}: no bot was started here; name another one with --state-dir. "
        "The watch waits for it"
    )
    assert [record.message for record in caplog.records] == [said]
    folder.mkdir()
    write_snapshot(folder, here())
    look, alerts = lookout.look()
    assert [bot.name for bot in look.bots] == [BOT]
    assert [alert.kind for alert in alerts] == [Kind.DIED]
    assert look.faults == ()


def test_a_look_that_fails_takes_no_news_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had read already is news to the next one."""
    write_snapshot(tmp_path, here())
    with held_lock(tmp_path):
        lookout = Lookout([tmp_path], a_clock(), Memory(), LOUD)
        assert kinds(lookout) == []
        tell(tmp_path, an_event(1, at=NOW + timedelta(seconds=1)))
        with monkeypatch.context() as with_bug:
            with_bug.setattr("tg1.watch.lookout.judge", lambda *_: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                lookout.look()
        assert kinds(lookout) == ["fill"]
        assert kinds(lookout) == []


def test_events_of_before_the_first_watch_are_history(tmp_path: Path) -> None:
    """They are on the page and in the day's curve; what comes from now on is told."""
    trip = {"kind": "round_trip", "net": Decimal("12.50")}
    tell(tmp_path, an_event(1), an_event(2, **trip))
    write_snapshot(tmp_path, here())
    with held_lock(tmp_path):
        lookout = Lookout([tmp_path], a_clock(), Memory(), LOUD)
        look, alerts = lookout.look()
        assert alerts == []
        assert [event.seq for event in look.bots[0].events] == [1, 2]
        assert look.bots[0].curve is not None
        assert [point.rupees for point in look.bots[0].curve.booked] == [Decimal("12.50")]
        assert [point.rupees for point in look.bots[0].curve.net] == [Decimal("-12.50")]
        tell(tmp_path, an_event(3))
        assert kinds(lookout) == ["fill"]
        assert kinds(lookout) == []


def test_events_of_a_watch_that_was_away_are_told_by_the_next(tmp_path: Path) -> None:
    """Also across the moment at which the file was begun anew."""
    clock = a_clock()
    write_snapshot(tmp_path, here())
    with held_lock(tmp_path):
        first = Lookout([tmp_path], clock, Memory(), LOUD)
        tell(tmp_path, an_event(1))
        first.look()
        tell(tmp_path, an_event(2))
        paths = ToldPaths(tmp_path, BOT)
        paths.events.rename(paths.old_events)
        tell(tmp_path, an_event(3))
        second = Lookout([tmp_path], clock, first.memory, LOUD)
        assert [alert.occurrence for alert in second.look()[1]] == ["r1:2", "r1:3"]


def test_a_file_that_was_cut_off_is_begun_anew(tmp_path: Path) -> None:
    """Somebody emptied it; the bot writes on."""
    write_snapshot(tmp_path, here())
    with held_lock(tmp_path):
        lookout = Lookout([tmp_path], a_clock(), Memory(), LOUD)
        tell(tmp_path, an_event(1), an_event(2))
        lookout.look()
        ToldPaths(tmp_path, BOT).events.write_bytes(b"")
        assert kinds(lookout) == []
        tell(tmp_path, an_event(3))
        assert kinds(lookout) == ["fill"]


def test_a_folder_that_is_away_for_a_while_is_no_news_when_it_is_back(tmp_path: Path) -> None:
    """A mount that comes and goes must not tell everything once more."""
    folder = tmp_path / "state"
    folder.mkdir()
    write_snapshot(folder, here())
    clock = a_clock()
    lookout = Lookout([folder], clock, Memory(), LOUD)
    assert kinds(lookout) == ["died"]
    shutil.move(folder, tmp_path / "away")
    assert kinds(lookout) == []
    clock.advance(61)
    assert kinds(lookout) == ["watch"]
    shutil.move(tmp_path / "away", folder)
    assert kinds(lookout) == ["-watch"]


def test_foreign_and_damaged_files_cost_nobody_else_anything(tmp_path: Path) -> None:
    """A stranger's file is none of our bots; a damaged snapshot is told."""
    write_snapshot(tmp_path, here())
    (tmp_path / "package_status.json").write_text('{"ok": true}')
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "Broken_status.json").write_bytes(b'{"tg1_snapshot": 1, ')
    os.mkfifo(tmp_path / "Pipe_status.json")
    with held_lock(tmp_path):
        lookout = Lookout([tmp_path], a_clock(), Memory(), LOUD)
        assert sorted(bot.name for bot in lookout.look()[0].bots) == ["Broken", BOT, "Pipe"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_said(tmp_path: Path) -> None:
    """In a sentence, while the watch goes on."""
    tmp_path.chmod(0)
    try:
        look, _ = Lookout([tmp_path], a_clock(), Memory(), LOUD).look()
        assert look.faults == (f"the state folder {tmp_path} can't be read: Permission denied",)
    finally:
        tmp_path.chmod(0o700)


def test_what_can_not_be_read_of_the_events_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The rest of the bot is looked at all the same."""
    write_snapshot(tmp_path, here())
    ToldPaths(tmp_path, BOT).events.mkdir()
    with held_lock(tmp_path):
        lookout = Lookout([tmp_path], a_clock(), Memory(), LOUD)
        assert [lookout.look()[0].bots[0].name for _ in range(3)] == [BOT] * 3
    assert [record.message for record in caplog.records] == [f'The events of "{BOT}" can\'t be read: Is a directory']


def test_bots_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """By their folders; a paper bot by that word."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        (folder / "paper").mkdir(parents=True)
        write_snapshot(folder, here())
    write_snapshot(folders[0] / "paper", here(is_paper=True))
    look, _ = Lookout(folders, a_clock(), Memory(), LOUD).look()
    assert [bot.name for bot in look.bots] == [
        f"{BOT} in {folders[0]}/{BOT}",
        f"{BOT} (paper)",
        f"{BOT} in {folders[1]}/{BOT}",
    ]
    assert names_of([look.bots[0].found]) == [BOT]


def test_a_name_that_nobody_could_read_is_made_readable(tmp_path: Path) -> None:
    """A file's name may hold any byte; a message, a page and a label may not."""
    names = [tmp_path / os.fsdecode(b"odd\xff\n_status.json"), tmp_path / f"{'long' * 40}_status.json"]
    for path in names:
        path.write_bytes(b'{"tg1_snapshot": 1, ')
    shown = [bot.name for bot in Lookout([tmp_path], a_clock(), Memory(), LOUD).look()[0].bots]
    assert shown == [f"{'long' * 40}"[:79] + "…", "odd\ufffd\ufffd"]
