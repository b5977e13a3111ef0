"""`StateManager` when the disk is well, and what it refuses (behaviour 9, architecture 15, failures.md VI)."""

from __future__ import annotations

import errno
import json
import shlex
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.simdisk import SimDisk
from tests.support.states import BOT, GRID, NOW, a_level, a_record, a_state, an_order, with_order
from tg1.errors import InvariantBroken, SaveFailed, StateError
from tg1.machine.files import OsFileSystem
from tg1.models import COMPLETED, OrderSide, Role, Side
from tg1.state import StateManager
from tg1.store.codec import HISTORY_KEPT, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import BotState

FOLDER = Path("/bot/state")
LATER = NOW + timedelta(seconds=7)


def a_manager(disk: SimDisk | None = None, *, bot_name: str = BOT) -> StateManager:
    """A manager on a simulated disk, with nothing loaded."""
    return StateManager(disk or SimDisk(), FOLDER, bot_name)


def saved(*states: BotState) -> tuple[SimDisk, StateManager]:
    """A disk on which these states were saved one after the other."""
    disk = SimDisk()
    manager = a_manager(disk)
    for state in states or (a_state(),):
        manager.state = state
        assert manager.save(NOW)
    return disk, manager


def lines(disk: SimDisk, manager: StateManager) -> list[str]:
    """The trades file."""
    return disk.files().get(manager.paths.trades, b"").decode(errors="replace").splitlines()


def sequence(disk: SimDisk, manager: StateManager) -> list[int]:
    """The numbers of the records in the trades file; a line that is no record fails."""
    return [json.loads(line)["seq"] for line in lines(disk, manager)]


def refusal(disk: SimDisk, *, bot_name: str = BOT) -> str:
    """The sentence with which a load is refused, which must leave the disk as it was."""
    before = disk.files()
    with pytest.raises(StateError) as caught:
        a_manager(disk, bot_name=bot_name).load()
    assert disk.files() == before
    assert caught.value.exit_code == 5
    return str(caught.value)


# -- saving and loading ------------------------------------------------------------------------------------------------


def test_bot_that_never_saved_starts_without_a_state() -> None:
    """None means that no save has ever been finished, and nothing else."""
    manager = a_manager()
    assert not manager.exists()
    assert manager.load() is None
    with pytest.raises(InvariantBroken, match="before it was loaded"):
        _ = manager.state


def test_state_comes_back_after_a_restart() -> None:
    """Architecture 18: open orders and counters are restored."""
    disk, _ = saved()
    manager = a_manager(disk.restart())
    assert manager.exists()
    assert manager.load() == a_state()
    assert manager.state == a_state()


def test_save_on_the_real_disk_makes_private_files_with_the_bots_name(tmp_path: Path) -> None:
    """Behaviour 9.1: `{bot_name}_state.json`, 0600, in a folder of 0700; the previous file is `.bak`."""
    manager = StateManager(OsFileSystem(), tmp_path / "state", BOT)
    for number in (1, 2):
        manager.state = a_state(next_opened_seq=number)
        manager.save(NOW)
    found = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
    assert found == {
        "IRFC-SBIN Grid_state.json": 0o600,
        "IRFC-SBIN Grid_state.json.bak": 0o600,
        "IRFC-SBIN Grid_trades.jsonl": 0o600,
    }
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert StateManager(OsFileSystem(), tmp_path / "state", BOT).load() == a_state(next_opened_seq=2)
    assert decode(manager.paths.bak.read_bytes()) == a_state(next_opened_seq=1)


def test_save_keeps_the_good_file_before_it() -> None:
    """The `.bak` is always one save older."""
    disk, manager = saved(a_state(), a_state(generation="TWO"), a_state(generation="III"))
    files = disk.files()
    assert decode(files[manager.paths.state]).generation == "III"
    assert decode(files[manager.paths.bak]).generation == "TWO"
    assert manager.paths.tmp not in files
    assert manager.paths.bak_tmp not in files


def test_unchanged_state_is_not_written_again() -> None:
    """Quiet cycles don't write; the time alone is no change."""
    disk, manager = saved()
    before = disk.files()
    seen: list[str] = []
    disk.before_op = lambda op, _path: seen.append(op)
    assert manager.save(LATER) is False
    manager.state.levels["level0002"] = replace(manager.state.levels["level0002"])
    assert manager.save(LATER) is False
    assert (disk.files(), seen) == (before, [])


def test_unchanged_state_is_not_written_again_after_a_load() -> None:
    """A restart that finds nothing new leaves the file alone."""
    disk, _ = saved()
    manager = a_manager(disk.restart())
    manager.load()
    before = disk.files()
    assert manager.save(LATER) is False
    assert disk.files() == before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda state: state.levels.update(x=a_level(uuid="x")), id="level"),
        pytest.param(lambda state: setattr(state, "bot_status", COMPLETED), id="status"),
        pytest.param(lambda state: state.order_history.append(a_record(2)), id="record"),
        pytest.param(lambda state: state.attention.clear(), id="attention"),
        pytest.param(lambda state: state.settled.clear(), id="settled"),
    ],
)
def test_changed_state_is_written(change: Callable[[BotState], object]) -> None:
    """Whatever changed, in the same object even, is on disk afterwards."""
    disk, manager = saved()
    change(manager.state)
    assert manager.save(LATER) is True
    assert a_manager(disk.restart()).load() == manager.state


def test_state_that_could_not_be_read_back_never_replaces_a_good_one() -> None:
    """A broken book stops the bot and keeps the last state."""
    disk, manager = saved()
    manager.state.levels["level0002"] = with_order(a_level(2), an_order())
    before = disk.files()
    with pytest.raises(InvariantBroken, match="used by two orders"):
        manager.save(NOW)
    assert disk.files() == before


def test_disk_without_hard_links_gets_a_copy_as_backup() -> None:
    """Some file systems have no links; the previous state is kept all the same."""
    disk, manager = saved()

    def hook(op: str, path: Path) -> None:
        if op == "link":
            raise OSError(errno.EPERM, "Operation not permitted", str(path))

    disk.before_op = hook
    manager.state.generation = "TWO"
    assert manager.save(NOW)
    assert decode(disk.files()[manager.paths.bak]) == a_state()


def test_load_changes_nothing_on_disk() -> None:
    """A dry run or `--cancel-all` may look while the bot runs."""
    disk, manager = saved()
    disk.put(manager.paths.tmp, b"half a sa")
    before = disk.files()
    assert a_manager(disk).load() == a_state()
    assert disk.files() == before


# -- refusals ----------------------------------------------------------------------------------------------------------

GOOD = encode(a_state(), NOW)
DAMAGED = {
    "zero-length": b"",
    "NUL": bytes(len(GOOD)),
    "truncated": GOOD[: len(GOOD) // 2],
    "bit-flip": GOOD.replace(b"Active", b"Actmve"),
    "trailing": GOOD + b"garbage",
    "json-of-others": b"{}",
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_state_is_refused_with_the_command_that_brings_the_backup_back(damage: bytes) -> None:
    """Behaviour 9.2: what is wrong, where the .bak is, what to type; corrupt is not absent."""
    disk, manager = saved(a_state(), a_state(generation="TWO"))
    disk.put(manager.paths.state, damage)
    said = refusal(disk)
    command = "cp -p -- '/bot/state/IRFC-SBIN Grid_state.json.bak' '/bot/state/IRFC-SBIN Grid_state.json'"
    assert said.startswith(f"the state file {manager.paths.state} is refused: it")
    assert f"Its backup {manager.paths.bak} is whole (saved 2026-02-16 10:30:00)" in said
    assert said.endswith(f"type: {command}")


def test_the_command_of_a_refusal_really_repairs(tmp_path: Path) -> None:
    """What the operator is told to type does what is promised, spaces in names and all."""
    manager = StateManager(OsFileSystem(), tmp_path, BOT)
    for generation in ("ONE", "TWO"):
        manager.state = a_state(generation=generation)
        manager.save(NOW)
    manager.paths.state.write_bytes(bytes(100))
    with pytest.raises(StateError) as caught:
        manager.load()
    program, *options, source, target = shlex.split(str(caught.value).partition("type: ")[2])
    assert (program, options) == ("cp", ["-p", "--"])
    shutil.copy(source, target)
    assert manager.load() == a_state(generation="ONE")


def test_damaged_state_with_a_damaged_backup_is_refused_with_the_way_to_begin_anew() -> None:
    """failures.md 59 and 60: both files NUL; still nothing is reset silently."""
    disk, manager = saved(a_state(), a_state(generation="TWO"))
    disk.put(manager.paths.state, bytes(100))
    disk.put(manager.paths.bak, bytes(100))
    said = refusal(disk)
    assert "can't replace it (it holds nothing but NUL bytes" in said
    assert "--cancel-all" in said
    assert "--fresh" in said


def test_unfinished_save_is_offered_before_the_older_backup() -> None:
    """A whole `.tmp` is younger than the state that was damaged."""
    disk, manager = saved(a_state(), a_state(generation="TWO"))
    disk.put(manager.paths.tmp, encode(a_state(generation="III"), LATER))
    disk.put(manager.paths.state, b"")
    assert f"Its backup {manager.paths.tmp} is whole (saved 2026-02-16 10:30:07)" in refusal(disk)


def test_missing_state_beside_its_backup_is_refused() -> None:
    """A deleted file or a lost rename is no fresh start: the old grid may be working at the broker."""
    disk, manager = saved(a_state(), a_state(generation="TWO"))
    disk.unlink(manager.paths.state)
    said = refusal(disk)
    assert f"the state file {manager.paths.state} is missing, but its backup is there" in said
    assert "type: cp -p --" in said


def test_first_save_that_lost_its_rename_is_resumed() -> None:
    """A whole `.tmp` alone is the state of a first save whose rename did not last."""
    disk = SimDisk()
    manager = a_manager(disk)
    disk.put(manager.paths.tmp, GOOD)
    assert manager.exists()
    assert manager.load() == a_state()
    manager.state.generation = "TWO"
    seen: list[str] = []
    disk.before_op = lambda op, path: seen.append(f"{op} {path.name.rpartition('state.')[2]}")
    assert manager.save(NOW)
    assert seen.index("rename json") < seen.index("open json.tmp"), "the only copy was put in danger"
    assert a_manager(disk.restart()).load() == a_state(generation="TWO")


def test_torn_first_save_counts_as_none() -> None:
    """A save that was never finished allowed no order, so there is nothing to lose."""
    disk = SimDisk()
    manager = a_manager(disk)
    disk.put(manager.paths.tmp, GOOD[:100])
    assert manager.load() is None


def test_state_of_another_bot_is_refused() -> None:
    """Behaviour 9.2: belongs to another bot."""
    disk, manager = saved()
    disk.put(a_manager(bot_name="B").paths.state, disk.files()[manager.paths.state])
    said = refusal(disk, bot_name="B")
    assert 'belongs to the bot "IRFC-SBIN Grid", not to "B"' in said
    assert "--bot-name" in said


def test_backup_of_another_bot_is_not_offered() -> None:
    """The way out never leads into another bot's books."""
    disk, manager = saved()
    disk.put(a_manager(bot_name="B").paths.bak, disk.files()[manager.paths.state])
    disk.put(a_manager(bot_name="B").paths.state, b"")
    said = refusal(disk, bot_name="B")
    assert "it is another bot's" in said
    assert "type: cp" not in said


def test_state_of_another_schema_is_refused() -> None:
    """Behaviour 9.2: has another schema."""
    disk, manager = saved()
    content = disk.files()[manager.paths.state]
    disk.put(manager.paths.state, content.replace(b'"schema_version": 1', b'"schema_version": 2'))
    assert "has schema_version 2, and this TG1 reads only schema_version 1" in refusal(disk)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO], ids=["EACCES", "EIO"])
def test_state_that_the_disk_does_not_give_is_refused(number: int) -> None:
    """Unreadable is not absent."""
    disk, _ = saved()

    def hook(op: str, path: Path) -> None:
        if op == "read":
            raise OSError(number, "the system's words", str(path))

    disk.before_op = hook
    assert f"the system's words ({errno.errorcode[number]})" in refusal(disk)


def test_state_that_is_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    """A state on a disk that is not mounted is not absent either."""
    manager = StateManager(OsFileSystem(), tmp_path, BOT)
    manager.paths.state.symlink_to(tmp_path / "unmounted" / "state.json")
    with pytest.raises(StateError, match="link to a file that does not exist"):
        manager.load()


def test_state_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A wrong --state-dir does not look like a bot that never ran."""
    (tmp_path / "state").write_bytes(b"")
    manager = StateManager(OsFileSystem(), tmp_path / "state", BOT)
    with pytest.raises(StateError, match="ENOTDIR"):
        manager.load()
    manager.state = a_state()
    with pytest.raises(SaveFailed, match="EEXIST"):
        manager.save(NOW)


def test_two_bots_share_a_folder_without_meeting() -> None:
    """Names that a file can't carry do not lead to another bot's file."""
    disk = SimDisk()
    for name in ("a/b", "a_b", "../a_b"):
        manager = a_manager(disk, bot_name=name)
        manager.state = a_state(level_count=0, record_count=0, bot_name=name)
        manager.save(NOW)
    assert all(path.parent == FOLDER for path in disk.files())
    for name in ("a/b", "a_b", "../a_b"):
        found = a_manager(disk, bot_name=name).load()
        assert found is not None
        assert found.bot_name == name


# -- the trades file ---------------------------------------------------------------------------------------------------


def test_completed_records_are_appended_once_each() -> None:
    """Behaviour 9.4: every completed record is in the trades file."""
    disk, manager = saved(a_state(record_count=2))
    manager.state.order_history.append(a_record(3))
    manager.save(NOW)
    manager.save(LATER)
    assert sequence(disk, manager) == [1, 2, 3]
    assert json.loads(lines(disk, manager)[0])["realised_pnl"] == 46.66667


def test_trades_file_is_never_trimmed_while_the_state_keeps_500() -> None:
    """Behaviour 9.4."""
    disk, manager = saved(a_state(record_count=HISTORY_KEPT))
    manager.state.order_history += [a_record(seq) for seq in range(HISTORY_KEPT + 1, HISTORY_KEPT + 8)]
    manager.save(NOW)
    assert len(manager.state.order_history) == HISTORY_KEPT
    assert sequence(disk, manager) == list(range(1, HISTORY_KEPT + 8))
    restarted = a_manager(disk.restart()).load()
    assert restarted is not None
    assert restarted == manager.state


def test_records_that_a_crash_kept_from_the_trades_file_follow_with_the_next_save() -> None:
    """The state was saved, the append was not: the next process makes up for it, even if nothing else changed."""
    disk, manager = saved(a_state(record_count=3))
    disk.put(manager.paths.trades, "".join(f"{line}\n" for line in lines(disk, manager)[:1]).encode())
    restarted = a_manager(disk.restart())
    restarted.load()
    assert restarted.save(NOW) is True
    assert sequence(disk, manager) == [1, 2, 3]


@pytest.mark.parametrize("cut", [1, 30, -1])
def test_torn_last_line_is_completed(cut: int) -> None:
    """A crash in the middle of a line leaves no trace once the record is appended again."""
    disk, manager = saved(a_state(record_count=2))
    first, second = lines(disk, manager)
    disk.put(manager.paths.trades, f"{first}\n{second[:cut]}".encode())
    restarted = a_manager(disk.restart())
    restarted.load()
    restarted.save(NOW)
    assert lines(disk, manager) == [first, second]


def test_whole_last_line_without_its_end_is_not_written_twice() -> None:
    """Only the newline was lost."""
    disk, manager = saved(a_state(record_count=2))
    disk.put(manager.paths.trades, "\n".join(lines(disk, manager)).encode())
    restarted = a_manager(disk.restart())
    restarted.load()
    assert restarted.save(NOW) is False
    restarted.state.order_history.append(a_record(3))
    restarted.save(NOW)
    assert sequence(disk, manager) == [1, 2, 3]


@pytest.mark.parametrize("tail", [bytes(20), b"\xff\xfe", b'{"seq": 9', b"null", b"[" * 100_000])
def test_spoiled_tail_never_spoils_the_next_line(tail: bytes) -> None:
    """What can't be completed is closed and stays, alone on its line."""
    disk, manager = saved(a_state(record_count=1))
    (first,) = lines(disk, manager)
    disk.put(manager.paths.trades, first.encode() + b"\n" + tail)
    restarted = a_manager(disk.restart())
    restarted.load()
    restarted.state.order_history.append(a_record(2))
    restarted.save(NOW)
    content = disk.files()[manager.paths.trades].split(b"\n")
    assert (content[0], content[1]) == (first.encode(), tail)
    assert json.loads(content[2])["seq"] == 2


def test_fresh_grid_counts_from_one_in_the_same_trades_file() -> None:
    """Behaviour 9.3, 9.4: `--fresh` starts anew, the trades file goes on."""
    disk, manager = saved(a_state(record_count=2))
    manager.archive(NOW, "fresh")
    manager.state = a_state(order_history=[a_record(1, uuid="another trip")])
    manager.save(LATER)
    assert sequence(disk, manager) == [1, 2, 1]


def test_failed_append_is_told_and_tried_again_but_the_state_is_saved() -> None:
    """The state has the record, so nothing is lost; the next save appends it once."""
    disk, manager = saved(a_state(record_count=1))

    def hook(op: str, path: Path) -> None:
        if op == "write_rest" and path == manager.paths.trades:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    disk.before_op = hook
    manager.state.order_history.append(a_record(2))
    for _ in range(2):
        with pytest.raises(SaveFailed, match=r"the state is saved.*_trades\.jsonl: No space left on device \(ENOSPC\)"):
            manager.save(NOW)
    assert a_manager(disk).load() == manager.state
    disk.before_op = lambda _op, _path: None
    assert manager.save(NOW) is True
    assert sequence(disk, manager) == [1, 2]


# -- the archive -------------------------------------------------------------------------------------------------------


def test_archived_state_is_out_of_the_way_and_whole() -> None:
    """Behaviour 9.3: `--fresh` archives the old file and starts anew."""
    disk, manager = saved(a_state(), a_state(generation="TWO"))
    path = manager.archive(NOW, "fresh start/../x")
    assert path == FOLDER / "archive" / "IRFC-SBIN Grid_state.20260216-103000.fresh-start-x.1.json"
    assert decode(disk.files()[path]).generation == "TWO"
    assert decode(disk.files()[path.with_name(f"{path.name}.bak")]).generation == "GEN"
    assert a_manager(disk.restart()).load() is None
    assert not a_manager(disk.restart()).exists()


def test_archive_never_overwrites() -> None:
    """Two archives within a second are two files."""
    disk, manager = saved()
    first = manager.archive(NOW, "fresh")
    manager.save(NOW)
    second = manager.archive(NOW, "fresh")
    assert first != second
    assert disk.files()[first] == disk.files()[second] == GOOD


def test_unreadable_state_is_archived_as_it_is() -> None:
    """`--fresh` is the way out of a damaged state, and keeps it for whoever wants to look."""
    disk, manager = saved()
    disk.put(manager.paths.state, bytes(50))
    disk.put(manager.paths.tmp, b"half")
    path = manager.archive(NOW, "fresh")
    assert disk.files()[path] == bytes(50)
    assert a_manager(disk.restart()).load() is None


def test_lost_state_is_archived_by_what_is_left_of_it() -> None:
    """A `.bak` without its state goes, too, and its new name is told."""
    disk, manager = saved(a_state(), a_state(generation="TWO"))
    disk.unlink(manager.paths.state)
    path = manager.archive(NOW, "fresh")
    assert path.name.endswith(".json.bak")
    assert a_manager(disk.restart()).load() is None


def test_nothing_to_archive_is_told() -> None:
    """An archive that would hold nothing is a mistake of the caller."""
    with pytest.raises(StateError, match="no state to archive"):
        a_manager().archive(NOW, "fresh")


def test_archive_for_a_new_day_leaves_the_state_until_the_next_save() -> None:
    """Behaviour 9.5: P&L is carried over, so a crash between archive and save must not lose it."""
    disk, manager = saved()
    path = manager.archive(NOW, "day", keep=True)
    assert a_manager(disk).load() == a_state()
    manager.state = a_state(generation="NEW")
    manager.save(NOW)
    assert decode(disk.files()[path]) == a_state()
    assert a_manager(disk.restart()).load() == a_state(generation="NEW")


# -- counters and searches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order_type", "side", "upside", "downside"),
    [
        pytest.param(OrderSide.ENTRY, Side.BUY, 10, 107, id="buy-entry-adds-downside"),
        pytest.param(OrderSide.ENTRY, Side.SELL, 17, 100, id="sell-entry-adds-upside"),
        pytest.param(OrderSide.TARGET, Side.BUY, 10, 93, id="target-of-a-buy-takes-downside"),
        pytest.param(OrderSide.TARGET, Side.SELL, 3, 100, id="target-of-a-sell-takes-upside"),
    ],
)
def test_fills_count_on_the_side_of_their_entry(order_type: OrderSide, side: Side, upside: int, downside: int) -> None:
    """Behaviour 7.1, architecture 8 and 9; reference.md 3 is the port's mistake here."""
    manager = a_manager()
    manager.state = a_state(upside_net_quantity=10, downside_net_quantity=100)
    manager.update_quantity(order_type, side, 7)
    assert (manager.state.upside_net_quantity, manager.state.downside_net_quantity) == (upside, downside)


def test_negative_fill_is_no_fill() -> None:
    """A count below zero would be a sign mistake of ours."""
    manager = a_manager()
    manager.state = a_state()
    with pytest.raises(InvariantBroken, match="-1 shares"):
        manager.update_quantity(OrderSide.ENTRY, Side.BUY, -1)


def test_levels_are_found_by_uuid_and_by_either_order_id() -> None:
    """Architecture 15's search helpers; "not placed" matches no search."""
    manager = a_manager()
    target, oco = an_order("TGT", role=Role.TARGET, order_id="7"), an_order("OCO", role=Role.OCO, order_id="8")
    hedged = with_order(a_level(2), target, oco)
    manager.state = a_state(levels={"level0001": a_level(1), "level0002": hedged}, grid=GRID)
    assert manager.find_order_by_uuid("level0002") is hedged
    assert manager.find_order_by_entry_id("7") is hedged
    assert manager.find_order_by_oco_id("8") is hedged
    assert manager.find_order_by_uuid("gone") is None
    assert manager.find_order_by_entry_id("8") is None
    assert manager.find_order_by_oco_id("") is None
