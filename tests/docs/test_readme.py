"""README.md tells the trader the truth: every flag, every default, and commands that the program understands."""

from __future__ import annotations

import re
import shlex
from dataclasses import MISSING, Field, fields

import pytest

from tests.support.places import REPO
from tg1.cli import build_parser, parse_command
from tg1.config import GridOcoConfig
from tg1.settings.flags import CREDENTIALS, env_of, flag_of

TEXT = (REPO / "README.md").read_text(encoding="utf-8")
ROWS = {
    flag: [cell.strip() for cell in row]
    for row in (line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| `--"))
    for flag in re.findall(r"`(--[a-z-]+)`", row[0])
}
"""Cells (flags, unit, default, meaning) of the flag tables, by flag."""
FLAGS = sorted(
    option for action in build_parser()._actions for option in action.option_strings if option.startswith("--")
)
COMMANDS = [
    command.replace("\\\n", " ").split("#")[0].split(" -m tg1.run", 1)[1]
    for block in re.findall(r"^ *```bash\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL)
    for command in re.findall(r"^ *\.venv/bin/python -m tg1\.run(?:.*\\\n)*.*$", block, re.MULTILINE)
]


@pytest.mark.parametrize("flag", FLAGS)
def test_readme_lists_every_flag_of_the_parser(flag: str) -> None:
    """Each flag of the command line has a row with unit, default and meaning (behaviour 18)."""
    assert flag in ROWS
    assert len(ROWS[flag]) == 4
    assert all(ROWS[flag])


@pytest.mark.parametrize("flag", sorted(ROWS))
def test_readme_lists_no_flag_that_does_not_exist(flag: str) -> None:
    """A flag in the tables is one that the parser knows."""
    assert flag in FLAGS


@pytest.mark.parametrize("field", fields(GridOcoConfig), ids=lambda field: field.name)
def test_readme_states_the_default_of_each_field(field: Field[object]) -> None:
    """The defaults come from one source, `GridOcoConfig` (behaviour 1.3)."""
    default, stated = field.default, ROWS[flag_of(field.name)][2]
    if isinstance(default, bool):
        assert stated == "off"
    elif default is not MISSING and (default or field.name == "max_open_entries"):
        assert stated == f"`{default}`"
    else:
        assert stated == "—"


def test_readme_names_the_variable_of_each_credential() -> None:
    """A missing credential can be looked up (behaviour 16)."""
    assert all(f"`{env_of(name)}`" in TEXT for name in CREDENTIALS)


def test_readme_shows_commands_for_a_dry_run_paper_a_live_start_and_the_emergency_stop() -> None:
    """The first live day is told in commands."""
    shown = " ".join(COMMANDS)
    assert len(COMMANDS) >= 4
    assert all(flag in shown for flag in ("--dry-run", "--paper", "--zerodha-config", "--cancel-all"))


@pytest.mark.parametrize("command", COMMANDS)
def test_command_in_readme_is_understood(command: str) -> None:
    """A command that the trader copies is refused by no check that needs no network (behaviour 14, 18)."""
    parse_command(shlex.split(command), {env_of(name): "x" for name in CREDENTIALS})


@pytest.mark.parametrize("code", range(7))
def test_readme_explains_every_exit_code(code: int) -> None:
    """Behaviour 14's codes each have a row."""
    assert re.search(rf"^\| {code} \|", TEXT, re.MULTILINE)
