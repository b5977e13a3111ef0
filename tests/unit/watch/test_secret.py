"""The page's token is a secret like the others (behaviour 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tg1.errors import ConfigError
from tg1.machine.redact import Redactor
from tg1.watch.secret import read_token

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef0123"


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    """A file of that mode."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_a_token_is_read_and_masked_from_then_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without its line end."""
    redactor = Redactor()
    assert read_token(written(tmp_path / "token", f"{TOKEN}\n"), redactor) == TOKEN
    assert redactor.scrub(f"x {TOKEN}") == "x [redacted]"
    assert caplog.records == []


def test_a_file_that_others_can_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As every credential's."""
    read_token(written(tmp_path / "token", TOKEN, 0o644), Redactor())
    assert "can be read by other users: chmod 600 it." in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "16 characters or more"),
        ("short", "16 characters or more"),
        ("xxxxxxxxxxxxxxxxxxxx", "16 characters or more"),
        (f"{TOKEN}\n{TOKEN}", "more than one line"),
        (f"{TOKEN} {TOKEN}", "more than one line"),
        (f"{TOKEN}é", "more than one line"),
        (b"\xff" * 20, "no UTF-8 text"),
        ("x" * 5000, "more than 4,096 bytes"),
    ],
    ids=["empty", "short", "placeholder", "lines", "blank", "letters", "bytes", "long"],
)
def test_what_is_no_token_is_refused_without_quoting_it(text: str | bytes, said: str, tmp_path: Path) -> None:
    """With what helps."""
    with pytest.raises(ConfigError, match=said) as refusal:
        read_token(written(tmp_path / "token", text), Redactor())
    assert TOKEN not in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(ConfigError, match=r"token can't be read: No such file"):
        read_token(tmp_path / "token", Redactor())
