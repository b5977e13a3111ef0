"""`tg1 NAME …`: the words of the command line, and what is said of wrong ones."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tg1.commands import COMMANDS, main, overview


def test_every_command_lives_where_the_table_says() -> None:
    """Each is also `python -m tg1.NAME`, so the module exists under that name."""
    for name, command in COMMANDS.items():
        assert find_spec(command.module) is not None
        assert find_spec(f"tg1.{name}") is not None


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_lists_every_command_on_one_screen(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """24 lines of 80 columns, the least that a terminal has."""
    assert main([word]) == 0
    told = capsys.readouterr().out
    assert all(f"  {name} " in told for name in COMMANDS)
    assert len(told.splitlines()) <= 24
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(("word", "hint"), [("repley", "did you mean tg1 replay?"), ("zzz", "tg1 --help lists them.")])
def test_a_word_that_is_no_command_is_refused(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest one, and exit 2."""
    assert main([word]) == 2
    assert capsys.readouterr().err == f"tg1: {word!r} is no command; {hint}\n"


@pytest.mark.parametrize("line", [["--bot-nam", "X"], ["run", "--bot-nam", "X"]])
def test_flags_without_a_command_are_the_bots(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`tg1 --bot-name …` stays what it was, and `tg1 run` is its name."""
    assert main(line) == 2
    assert "did you mean --bot-name?" in capsys.readouterr().err


def test_the_list_loads_nothing_of_the_commands() -> None:
    """Whoever asks for one command does not wait for the others' imports."""
    asked = (
        "import sys; from tg1.commands import overview; overview(); print([m for m in sys.modules if m[:4] == 'tg1.'])"
    )
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603
    assert ran.stdout.split("'")[1::2] == [
        *("tg1.errors", "tg1.machine", "tg1.machine.importing", "tg1.screen", "tg1.screen.output", "tg1.commands")
    ]
    assert "usage: tg1 COMMAND" in overview()
