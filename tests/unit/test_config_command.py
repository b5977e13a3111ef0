"""`tg1 config check|show`: what it answers, and what it ends with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tg1.cli import parse_command
from tg1.config_command import main

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
bot-name = "B"
trade-type = "buyts"
token-a = "IRFC"
entry-price = 50
qty-a = 100
paper = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A bot's file of settings."""
    path = tmp_path / "b.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_check_says_what_the_bot_would_be(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, with exit 0."""
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: fine: B, buyts on IRFC, 5 steps of 1.0 around 50.00, paper\n"


def test_check_judges_every_file_and_ends_with_the_refusal(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 when one is wrong; a file for real money is asked for its credentials as a start would."""
    bad = file.with_name("bad.toml")
    bad.write_text(FILE.replace("paper = true\n", ""), encoding="utf-8")
    assert main(["check", str(bad), str(file)]) == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{bad}: --zerodha-config is missing")
    assert second.startswith(f"{file}: fine")


def test_a_bot_can_be_looked_at_and_rehearsed_before_its_keys_are_there(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run and paper need no credentials (behaviour 16): a file of theirs that is not there yet is a warning."""
    live = file.with_name("live.toml")
    live.write_text(f'{FILE}trade-key-file = "{file.parent}/none"\n'.replace("paper = true\n", ""), encoding="utf-8")
    missing = f"names {file.parent}/none, which can't be read: No such file or directory ({live}, line 6)"
    assert main(["show", "--config", str(live)]) == 0
    out, err = capsys.readouterr()
    assert ("  qty-a                100" in out, missing in err) == (True, True)
    assert missing in parse_command(["--config", str(live), "--paper"], {}).warnings[0]
    assert main(["check", str(live)]) == 2
    assert missing in capsys.readouterr().out


def test_show_tells_values_and_sources(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, and as an object."""
    assert main(["show", "--config", str(file), "--steps", "7", "--no-reenter", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["steps"] == {"value": "7", "source": "--steps"}
    assert found["token-a"] == {"value": "IRFC", "source": f"{file}, line 3"}
    assert found["no-reenter"] == {"value": "on", "source": "--no-reenter"}
    assert found["spread"] == {"value": "1.0", "source": "default"}
    assert main(["show", "--config", str(file)]) == 0
    assert f"  qty-a                100                            {file}, line 5" in capsys.readouterr().out


def test_show_never_shows_a_secret(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that it is there, and where it comes from (behaviour 16)."""
    monkeypatch.setenv("TG1_TRADE_SECRET", "HUSH77")
    assert main(["show", "--config", str(file), "--json"]) == 0
    told = capsys.readouterr().out
    assert "HUSH77" not in told
    assert json.loads(told)["trade-secret"] == {"value": "(set)", "source": "TG1_TRADE_SECRET"}


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "the following arguments are required: check|show"),
        (["check", "a", "--steps"], "--steps is no file; check takes nothing but files."),
        (["show", "--bot-nam", "B"], "did you mean --bot-name?"),
    ],
)
def test_refusals_are_sentences(argv: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with exit 2."""
    assert main(argv) == 2
    assert told in capsys.readouterr().err
