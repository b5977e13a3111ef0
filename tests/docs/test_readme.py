"""README.md tells the trader the truth: every flag, every default, and commands that the program understands."""

from __future__ import annotations

import re
import shlex
from dataclasses import MISSING, Field, fields
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.places import REPO
from tg1.cli import build_parser, parse_command
from tg1.completion import PARSERS
from tg1.config import GridOcoConfig
from tg1.models import Executed, Side
from tg1.rules.charges import Plans, charges
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
    command.replace("\\\n", " ").split("#")[0].split("tg1", 1)[1].lstrip(". ")
    for block in re.findall(r"^ *```bash\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL)
    for command in re.findall(r"^ *\.venv/bin/(?:python -m )?tg1[. ](?:.*\\\n)*.*$", block, re.MULTILINE)
]
"""What stands behind `tg1` in every command to be copied."""
REHEARSAL, SETTINGS = re.findall(r"^ *```toml\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL)


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
    """The first live day is told in commands: doctor, login, run, watch."""
    shown = " ".join(COMMANDS)
    assert all(flag in shown for flag in ("--dry-run", "--paper", "--config", "--cancel-all"))
    assert {"run", "login", "doctor", "watch", "status"} <= {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_command_in_readme_is_understood(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that the trader copies is refused by no check that needs no network (behaviour 14, 18)."""
    monkeypatch.chdir(tmp_path)
    Path("irfc.toml").write_text(SETTINGS.replace("/etc/tg1/keys/", ""), encoding="utf-8")
    Path("rehearsal.toml").write_text(REHEARSAL, encoding="utf-8")
    for secret in ("trade-key", "trade-secret"):
        Path(secret).write_text("x", encoding="utf-8")
    name, *argv = shlex.split(command)
    if name == "run":
        parse_command(argv, {env_of(each): "x" for each in CREDENTIALS})
        return
    module, _, make = PARSERS[name].partition(":")
    _, others = getattr(import_module(module), make)().parse_known_args(argv)
    if name in ("doctor", "replay") or argv[:1] == ["show"]:
        parse_command([*others, "--dry-run"], {})
    else:
        assert others == []


@pytest.mark.parametrize("code", range(7))
def test_readme_explains_every_exit_code(code: int) -> None:
    """Behaviour 14's codes each have a row."""
    assert re.search(rf"^\| {code} \|", TEXT, re.MULTILINE)


PROSE = re.sub(r"```.*?```", " ", TEXT, flags=re.DOTALL)
"""The page without its code blocks."""
LONGEST_SENTENCE = 30


def sentences() -> list[str]:
    """Return the sentences of the page's prose: paragraphs and list items, without tables and headings."""
    lines = [line for line in PROSE.splitlines() if not line.lstrip().startswith(("|", "#", "!"))]
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:-|\d+\.) )", "\n".join(lines))
    return [one for block in blocks for one in re.split(r"(?<=[.:!?])\*{0,2}\)?\s+", " ".join(block.split())) if one]


def test_readme_has_no_sentence_that_one_breath_can_not_say() -> None:
    """A sentence has one idea: at most thirty words, and nothing chained on by a semicolon."""
    long = [one for one in sentences() if len(one.split()) > LONGEST_SENTENCE]
    assert long == []
    assert [one for one in sentences() if ";" in one] == []


def test_readme_begins_with_the_two_commands() -> None:
    """What to type comes first, then whose orders and whose prices."""
    lines = [line for line in TEXT.splitlines() if line]
    assert lines[0].startswith("# ")
    assert [line.split("#")[0].strip() for line in lines[2:4]] == ["make run", "make test"]
    assert "Findoc" in lines[5]
    assert "Zerodha" in lines[5]


def test_worst_case_in_readme_is_what_the_example_grid_can_hold() -> None:
    """The sums are those of the example of architecture 19 (behaviour 1, docs/charges.md)."""
    bought, sold = 100 * sum(range(45, 50)), 100 * sum(range(51, 56))
    assert f"₹{bought:,}" in TEXT
    assert f"₹{sold:,}" in TEXT
    assert bought / 500 == 47
    fall = 500 * (40 - 47)
    sums = {fall, fall + 250 * (118 - 108), fall + 250 * (118 - 130)}
    assert set(re.findall(r"\*\*[^\w\s]₹([\d,]+)\*\*", TEXT)) == {f"{-rupees:,}" for rupees in sums}


@pytest.mark.parametrize(("bought", "sold", "cost"), [("49.00", "49.50", "5.24"), ("787.20", "787.70", "75.15")])
def test_charges_in_readme_are_those_of_the_tables(bought: str, sold: str, cost: str) -> None:
    """A hundred shares bought and sold on one day at a discount broker (docs/charges.md, behaviour 15)."""
    orders = [
        Executed(
            day=date(2026, 11, 23),
            account="trade",
            symbol="A",
            side=side,
            product="MIS",
            quantity=100,
            value=100 * Decimal(price),
        )
        for side, price in ((Side.BUY, bought), (Side.SELL, sold))
    ]
    assert f"{charges(orders, Plans()).total:.2f}" == cost
    assert f"₹{cost}" in TEXT
