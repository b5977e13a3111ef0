"""What a replayed bot says is for nobody, and afterwards the log is as it was."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.replay.test_bad_prices import COMMANDS
from tg1.replay.unheard import unheard

if TYPE_CHECKING:
    from pathlib import Path

LOG = logging.getLogger("tg1")


def test_nothing_is_heard_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """However it ends."""

    @unheard()
    def fail() -> None:
        LOG.error("for nobody")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    LOG.error("for somebody")
    assert caplog.messages == ["for somebody"]


@pytest.mark.parametrize("command", ["replay", "sweep"])
def test_a_program_leaves_the_log_as_it_was(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second handler for each replay of a sweep would slow every line that its bots log."""
    before = (LOG.propagate, list(LOG.handlers))
    assert COMMANDS[command](tmp_path / "none.csv") == 2
    assert "none.csv" in capsys.readouterr().err
    assert (LOG.propagate, LOG.handlers) == before
