"""The operator's wish as a file: whole or not at all, read at little cost, and damage never followed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import NOW
from tg1.errors import ConfigError, SnapshotDamaged
from tg1.machine.files import OsFileSystem
from tg1.models import Side, Wish
from tg1.told.request import RequestFile, decode_wish, encode_wish, write_wish

if TYPE_CHECKING:
    from pathlib import Path

BUYS = Wish(id="w1", paused=frozenset({Side.BUY}))


@given(name=st.text(), paused=st.frozensets(st.sampled_from(Side)))
def test_a_wish_comes_back(name: str, paused: frozenset[Side]) -> None:
    """Whatever its id and its sides."""
    wish = Wish(id=name, paused=paused)
    assert decode_wish(encode_wish(wish, NOW)) == wish


@given(st.binary())
def test_no_bytes_are_followed_by_chance(data: bytes) -> None:
    """Anything else is damage."""
    with pytest.raises(SnapshotDamaged):
        decode_wish(data)


def test_the_bot_sees_each_new_wish_and_keeps_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unchanged file is not opened again; a removed one ends no pause."""
    path = tmp_path / "bot_request.json"
    file = RequestFile(path)
    assert file.latest() is None
    write_wish(OsFileSystem(), path, BUYS, NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert file.latest() == BUYS
    with monkeypatch.context() as patch:
        patch.setattr("tg1.told.request.os.open", lambda *_: pytest.fail("opened again"))
        assert file.latest() == BUYS
    write_wish(OsFileSystem(), path, Wish(id="w2", paused=frozenset()), NOW)
    assert file.latest() == Wish(id="w2", paused=frozenset())
    path.unlink()
    assert file.latest() == Wish(id="w2", paused=frozenset())


def test_damage_and_pipes_are_said_once_and_not_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The engine's thread never waits for a writer."""
    path = tmp_path / "bot_request.json"
    path.write_text("{")
    file = RequestFile(path)
    assert (file.latest(), file.latest()) == (None, None)
    path.unlink()
    os.mkfifo(path)
    assert (file.latest(), file.latest()) == (None, None)
    assert len(caplog.records) == 2
    assert all("is not followed" in record.getMessage() for record in caplog.records)


def test_a_folder_that_takes_nothing_is_said(tmp_path: Path) -> None:
    """With the system's own word."""
    with pytest.raises(ConfigError, match=r"can't be written to .*: No such file or directory"):
        write_wish(OsFileSystem(), tmp_path / "nowhere" / "bot_request.json", BUYS, NOW)
