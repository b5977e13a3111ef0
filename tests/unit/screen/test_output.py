"""What a command shows: its result on stdout, and a bar where somebody looks."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tg1.screen.output import is_terminal, progress, show, spell_out, takes_colours

if TYPE_CHECKING:
    from pathlib import Path


def test_reader_that_has_had_enough_is_no_failure() -> None:
    """`tg1 … | head -1` ends with 0 and without a word on stderr."""
    code = "from tg1.screen.output import show; show('line\\n' * 100_000); show('more')"
    head = f'{sys.executable} -c "{code}" | head -1; exit ${{PIPESTATUS[0]}}'
    ran = subprocess.run(["bash", "-c", head], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "line\n", "")


@pytest.mark.parametrize("total", [2, None])
def test_bar_is_for_terminals_alone(total: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    """A log or a pipe gets the result and no control characters, however much there is to do."""
    with progress("working", total) as step:
        step("first")
        step("")
    show("done")
    out, err = capsys.readouterr()
    assert (out, err.strip()) == ("done\n", "")


def test_whoever_tells_again_and_again_ends_with_its_reader(tmp_path: Path) -> None:
    """`tg1 status --watch --json | head -1` comes to its end by itself."""
    code = "from tg1.status import main; import sys; sys.exit(main(['--watch', '--json', '--state-dir', sys.argv[1]]))"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as watching:  # noqa: S603
        assert watching.stdout is not None
        assert watching.stdout.readline() == b'{"bots": []}\n'
        watching.stdout.close()
        assert watching.wait(60) == 0


def test_what_an_encoding_lacks_is_spelt_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal of another alphabet the answer comes, with the odd letter as a number."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", terminal)
    spell_out()
    assert show("IRFC … SBIN")
    assert terminal.buffer.getvalue() == b"IRFC \\u2026 SBIN\n"


def test_a_stdout_that_was_closed_is_a_reader_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tg1 status >&-` is no traceback, and `--watch` does not draw for nobody."""
    monkeypatch.setattr(sys, "stdout", None)
    spell_out()
    assert not show("line")
    assert not is_terminal(sys.stdout)


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, coloured: bool
) -> None:
    """A user who has set NO_COLOR gets none (no-color.org), nor does a pipe."""
    monkeypatch.setattr(os, "environ", {"TERM": "xterm", **variables})
    terminal = io.StringIO()
    assert not takes_colours(terminal)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    assert takes_colours(terminal) is coloured
