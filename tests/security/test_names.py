"""No name of a bot leads out of the folder that it was given (behaviour 9.1)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import MONDAY
from tests.support.states import a_state
from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.machine.files import OsFileSystem
from tg1.machine.lock import BotLock
from tg1.state import StateManager
from tg1.store.paths import StatePaths

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = {
    "parent": "../x",
    "deep-parent": "../../../../../../tmp/x",
    "absolute": "/etc/x",
    "dots": "..",
    "dot": ".",
    "hidden": ".ssh",
    "backslash": "..\\x",
    "nul": "a\0b",
    "line": "a\nb",
    "long": "x" * 5000,
    "long-wide": "ग" * 300,
    "fullwidth": "\uff0e\uff0e\uff0fx",
    "division-slash": "..\u2215x",
    "fraction-slash": "..\u2044x",
    "right-to-left": "a\u202egnp/..",
    "surrogate": "a\udcff/../b",
    "empty": "",
    "archive": "archive",
    "sessions": "sessions/0",
    "lock-ending": "x.lock",
}


def paths_of(folder: Path, name: str) -> Iterator[Path]:
    """Every file of a bot."""
    paths = StatePaths(folder, name)
    yield from (paths.state, paths.tmp, paths.bak, paths.bak_tmp, paths.trades)
    yield BotLock(folder, name).path


@given(st.text(st.characters()) | st.sampled_from(sorted(HOSTILE.values())))
def test_every_file_of_a_bot_lies_in_its_folder(name: str) -> None:
    """Whatever the name, surrogates and NUL included: one component below the folder, and short enough for a disk."""
    folder = Path("/srv/tg1/state")
    for path in paths_of(folder, name):
        assert path.parent == folder
        assert path.name not in ("", ".", "..")
        assert "\0" not in path.name
        assert len(path.name.encode()) <= 255


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_bot_with_a_hostile_name_writes_only_into_its_folder(tmp_path: Path, name: str) -> None:
    """State, backup, trades, archive and lock, on a real disk."""
    folder = tmp_path / "a" / "b" / "state"
    with BotLock(folder, name) as lock:
        lock.acquire(MONDAY)
        store = StateManager(OsFileSystem(), folder, name)
        store.state = a_state(level_count=0, record_count=1, bot_name=name)
        store.save(MONDAY)
        store.state.total_pnl += 1
        store.save(MONDAY)
        kept = store.archive(MONDAY, "../../../fresh", keep=True)
        store.archive(MONDAY, "/etc/fresh")
    assert kept.parent == folder / "archive"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["state"]
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"archive"}
    for astray in ("/tmp/x", "/etc/x"):  # noqa: S108  # where two of the names point
        assert not list(Path(astray).parent.glob("x_state.json*"))


@pytest.mark.parametrize("name", ["nul", "line", "long", "right-to-left", "surrogate", "empty"])
def test_name_that_no_trader_would_type_is_refused(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Exit 2 with the flag, and on one line, before any file is touched."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ConfigError, match="--bot-name") as refusal:
        GridOcoConfig(bot_name=HOSTILE[name], token_a_symbol="IRFC").validate()
    assert str(refusal.value).isprintable()


def test_names_that_look_alike_are_different_bots(tmp_path: Path) -> None:
    """One letter of another script is another bot: neither finds the other's state or holds its lock."""
    names = ("Grid", "Gr\u0456d", "Gri\u200bd", "\uff27rid", "Grid\u0301")
    files = {path for name in names for path in paths_of(tmp_path, name)}
    assert len(files) == 6 * len(names)
