"""What a command shows: its result on stdout, and a bar where somebody looks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tg1.screen.output import progress, show


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
