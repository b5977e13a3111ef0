"""Flag before environment before file before default, and whom a refusal names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tg1.cli import ParsedCommand, parse_command
from tg1.errors import ConfigError
from tg1.settings.flags import CREDENTIALS, env_of
from tg1.settings.sources import gather, variable_of

if TYPE_CHECKING:
    from pathlib import Path

BOT = """\
bot-name = "B"
trade-type = "buyts"
token-a = "IRFC"
entry-price = 50
steps = 3
spread = 2
qty-a = 100
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A bot's file of settings."""
    path = tmp_path / "b.toml"
    path.write_text(BOT, encoding="utf-8")
    return path


def parsed(file: Path, *argv: str, **environ: str) -> ParsedCommand:
    """A dry run of the file's bot."""
    return parse_command(["--config", str(file), *argv, "--dry-run"], environ)


def test_flag_wins_over_environment_over_file_over_default(file: Path) -> None:
    """One setting, taken away source by source."""
    environ = {"TG1_STEPS": "4"}
    assert parsed(file, "--steps", "2", **environ).config.steps == 2
    assert parsed(file, **environ).config.steps == 4
    assert parsed(file).config.steps == 3
    file.write_text(BOT.replace("steps = 3\n", ""), encoding="utf-8")
    assert parsed(file).config.steps == 5
    assert parsed(file, TG1_STEPS=" ").config.steps == 5


def test_sources_are_told(file: Path) -> None:
    """Who set what, as `tg1 config show` says it."""
    sources = parsed(file, "--steps", "2", TG1_LOG_DIR="/l").sources
    assert [sources.of(name) for name in ("steps", "log_dir", "spread", "fresh")] == [
        *("--steps", "TG1_LOG_DIR", f"{file}, line 6", "default"),
    ]


def test_settings_of_the_file_count_as_given_and_those_of_the_environment_do_not(file: Path) -> None:
    """A file is one bot's, so a setting without use in it is refused; an environment may be every bot's."""
    file.write_text(BOT + "oco-spread = 2\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=rf"--oco-spread .*\(oco-spread: {file}, line 8; trade-type: {file}, line 2\)"
    ):
        parsed(file)
    file.write_text(BOT, encoding="utf-8")
    assert parsed(file, TG1_OCO_SPREAD="2").config.oco_spread == 2


@pytest.mark.parametrize(
    ("change", "environ", "told"),
    [
        ("steps = 'five'", {}, "--steps five is not a whole number (steps: {file}, line 7)."),
        ("", {"TG1_STEPS": "x"}, "--steps x is not a whole number (steps: TG1_STEPS)."),
        ("spread = -1", {}, "--spread -1 is not above 0 (spread: {file}, line 7)."),
    ],
)
def test_refusal_says_where_the_value_stands(file: Path, change: str, environ: dict[str, str], told: str) -> None:
    """The line of the file, or the variable of the environment."""
    name = change.partition(" ")[0]
    kept = [line for line in BOT.splitlines() if not (name and line.startswith(f"{name} "))]
    file.write_text("\n".join([*kept, change]), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        parsed(file, **environ)
    assert str(caught.value) == told.format(file=file)


def test_secret_files_of_the_file_stand_behind_the_environment(file: Path, tmp_path: Path) -> None:
    """`trade-key-file` is `TG1_TRADE_KEY_FILE` for one bot (behaviour 16)."""
    key = tmp_path / "key"
    key.write_text("K1", encoding="utf-8")
    key.chmod(0o600)
    file.write_text(f'{BOT}trade-key-file = "{key}"\n', encoding="utf-8")
    assert parsed(file).config.trade_key == "K1"
    assert parsed(file, TG1_TRADE_KEY="K2").config.trade_key == "K2"
    assert parsed(file).sources.of_secret("trade_key", {}) == f"{file}, line 8"
    assert parsed(file).sources.of_secret("trade_key", {"TG1_TRADE_KEY": "K2"}) == "TG1_TRADE_KEY"
    key.unlink()
    with pytest.raises(ConfigError, match=rf"can't be read: No such file or directory \({file}, line 8\)"):
        parse_command(["--config", str(file)], {})


def test_switches_are_not_taken_from_the_environment(file: Path) -> None:
    """Nothing of a machine's environment turns real money into paper, or archives a state."""
    config = parsed(file, TG1_PAPER="1", TG1_FRESH="1", TG1_NO_REENTER="1").config
    assert (config.paper, config.fresh, config.auto_reenter) == (False, False, True)


def test_no_variable_means_two_things() -> None:
    """A setting's variable is never a credential's."""
    named = gather({}, {variable_of("trade_key"): "X", "TG1_TOKEN_A": "IRFC"})
    assert named.values == {"token_a_symbol": "IRFC"}
    assert env_of("trade_key") in {env_of(name) for name in CREDENTIALS}


@pytest.mark.parametrize(("name", "told"), [("none.toml", "No such file or directory"), (".", "it is a folder")])
def test_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, told: str) -> None:
    """With the flag, the name and the reason."""
    with pytest.raises(ConfigError, match=f"--config .*can't be read: {told}"):
        parsed(tmp_path / name)


def test_file_of_a_windows_editor_is_read(file: Path) -> None:
    """The mark that it puts before the first letter is no part of the first key."""
    file.write_text(BOT, encoding="utf-8-sig")
    assert parsed(file).config.bot_name == "B"


def test_file_that_is_no_text_is_refused(file: Path) -> None:
    """A sentence, no traceback."""
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no UTF-8 text"):
        parsed(file)
