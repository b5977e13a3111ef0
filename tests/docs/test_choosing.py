"""docs/choosing-a-grid.md tells what happened: commands that are understood, and what they print on those prices."""

from __future__ import annotations

import re
import shlex
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.places import DATA, REPO
from tg1.data.command import parse as parse_data
from tg1.data.program import main as data
from tg1.pair.command import parse as parse_pair
from tg1.pair.program import main as pair
from tg1.replay.command import parse as parse_replay
from tg1.replay.program import main as replay
from tg1.sweep.command import parse as parse_sweep

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (REPO / "docs" / "choosing-a-grid.md").read_text(encoding="utf-8")
BLOCKS = [
    (kind, body.replace("\\\n", " ").strip())
    for kind, body in re.findall(r"^```(bash|text)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
]
COMMANDS = [command for kind, body in BLOCKS if kind == "bash" for command in body.splitlines()]
PRINTED = {
    command: body.splitlines()
    for (kind, command), (after, body) in pairwise(BLOCKS)
    if (kind, after) == ("bash", "text")
}
"""What the page shows below a command."""
PRICES = DATA / "pair_5min_2023-24_PFC_RECLTD.csv"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[1:3]))
def test_command_is_understood(command: str) -> None:
    """As it stands, up to the prices (behaviour 14, 18)."""
    program, name, *argv = shlex.split(command)
    assert program == "tg1"
    if name == "data":
        parse_data(argv, {}, date(2026, 11, 25))
    else:
        {"pair": parse_pair, "sweep": parse_sweep, "replay": parse_replay}[name](argv)


def test_suggestion_of_the_pair_is_in_the_sweep() -> None:
    """The page goes on with what it was told."""
    flags = next(line for line in PRINTED[COMMANDS[1]] if line.startswith("--token-a"))
    swept = parse_sweep(shlex.split(COMMANDS[2])[2:]).asked.accepted
    wanted = parse_replay(["--prices", "x", "--fresh", *flags.split()]).config
    grid = ("token_a_symbol", "token_b_symbol", "steps", "spread", "target_spread", "oco_spread", "token_b_quantity")
    assert any(all(getattr(one.config, name) == getattr(wanted, name) for name in grid) for one in swept)


def shown(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """What the page shows of a command, and what it prints when it is typed beside the real prices."""
    if not PRICES.exists():
        pytest.skip("the real prices carry no licence for redistribution and are not here")
    (folder / "prices").mkdir()
    (folder / "prices" / PRICES.name).symlink_to(PRICES)
    _, name, *argv = shlex.split(command)
    {"data": data, "pair": pair, "replay": replay}[name]([*argv, *(["--no-report"] if name == "replay" else [])])
    return [line for line in PRINTED[command] if line.strip()], capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS[:2], ids=["data check", "pair"])
def test_page_shows_what_is_printed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Line by line, some left out."""
    monkeypatch.chdir(tmp_path)
    lines, out = shown(command, tmp_path, capsys)
    assert [line for line in lines if line not in out.splitlines()] == []


@pytest.mark.simulation
def test_page_shows_what_the_replay_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Forty days to the paisa."""
    monkeypatch.chdir(tmp_path)
    lines, out = shown(COMMANDS[-1], tmp_path, capsys)
    assert [line for line in lines if line not in out.splitlines()] == []
