"""What the command line means, and the one sentence it is refused with."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tg1.cli import Action, ParsedCommand, build_parser, parse_command
from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.models import TradeType
from tg1.settings.flags import flag_of

KEYS = [
    *("--trade-key", "KEY1", "--trade-secret", "SECRET1"),
    *("--upside-oco-key", "KEY2", "--upside-oco-secret", "SECRET2"),
    *("--downside-oco-key", "KEY3", "--downside-oco-secret", "SECRET3"),
]
GRID = [
    *("--bot-name", "IRFC-SBIN Grid", "--trade-type", "gridocots", "--token-a", "IRFC", "--token-b", "SBIN"),
    *("--entry-price", "50.00", "--steps", "5", "--spread", "1.0", "--target-spread", "0.50", "--oco-spread", "2.0"),
    *("--qty-a", "100", "--qty-b", "50"),
]
PLAIN = ["--bot-name", "B", "--trade-type", "buyts", "--token-a", "IRFC", "--entry-price", "50", "--qty-a", "100"]
ZERODHA = ["--zerodha-config", "z.ini"]


def parsed(*argv: str, **environ: str) -> ParsedCommand:
    """What a command line means."""
    return parse_command(argv, environ)


def refusal(*argv: str, **environ: str) -> str:
    """The sentence with which a command line is refused."""
    with pytest.raises(ConfigError) as caught:
        parse_command(argv, environ)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_cli_reads_the_start_of_the_architecture() -> None:
    """Architecture 19's first example, with the Zerodha file."""
    command = parsed(*GRID, *KEYS, *ZERODHA)
    assert command.action is Action.START
    assert (command.config.token_b_symbol, command.config.token_a_quantity) == ("SBIN", 100)
    assert (command.config.upside_oco_key, command.config.downside_oco_secret) == ("KEY2", "SECRET3")


def test_cli_reads_the_dry_run_of_the_architecture() -> None:
    """A dry run needs no credentials."""
    assert parsed(*GRID, "--dry-run").action is Action.DRY_RUN


def test_cli_reads_the_cancel_all_of_the_architecture() -> None:
    """Architecture 19's last example: no grid, no Zerodha file."""
    command = parsed("--bot-name", "IRFC-SBIN Grid", "--cancel-all", "--token-a", "IRFC", *KEYS)
    assert command.action is Action.CANCEL_ALL


def test_cli_cancels_all_with_name_and_credentials_only() -> None:
    """The emergency stop asks for nothing that it does not need (behaviour 13, 18)."""
    assert parsed("--bot-name", "B", "--cancel-all", *KEYS[:4]).config.bot_name == "B"


def test_cli_cancels_all_with_the_flags_of_any_start() -> None:
    """Behaviour 13: the same flags as the start."""
    for flags in (GRID + ZERODHA, [*PLAIN, "--auto-entry"], [*PLAIN, "--oco-spread", "2"]):
        assert parsed(*flags, *KEYS, "--cancel-all").action is Action.CANCEL_ALL


def test_cli_has_a_flag_for_every_field() -> None:
    """Every flag but the actions has a field, and the other way round (behaviour 18)."""
    options = {option for action in build_parser()._actions for option in action.option_strings}
    expected = {flag_of(one.name) for one in fields(GridOcoConfig)}
    extra = {"-h", "--help", "--version", "--config", "--dry-run", "--cancel-all", "--square-off", "--yes"}
    extra |= {"--user", "--product-type"}
    assert options == expected | extra


def test_cli_takes_every_default_from_the_config() -> None:
    """One source of defaults (behaviour 1.3): a flag left out is the config's own value."""
    config = parsed(*PLAIN, "--dry-run").config
    assert config == GridOcoConfig(
        bot_name="B",
        trade_type=TradeType.BUYTS,
        token_a_symbol="IRFC",
        entry_price="50",  # type: ignore[arg-type]  # converted at the door
        token_a_quantity=100,
    )


def test_cli_knows_which_flags_were_given() -> None:
    """A flag with its default value counts as given."""
    assert parsed(*PLAIN, "--steps", "5", "--dry-run").given == {
        *("bot_name", "trade_type", "token_a_symbol", "entry_price", "token_a_quantity", "steps"),
    }


def test_a_word_before_any_flag_is_taken_for_a_file_of_settings() -> None:
    """`tg1 config show irfc.toml` is what one types after `tg1 config check irfc.toml`."""
    assert refusal("irfc.toml") == "irfc.toml belongs to no flag; a file of settings is given as --config FILE."


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("--qty", "did you mean --qty-a?"), ("--tradetype", "did you mean --trade-type?"), ("--bogus", "see --help.")],
)
def test_cli_suggests_a_flag_only_when_one_is_near(typed: str, hint: str) -> None:
    """A suggestion that is far off ("--bogus": "--user") sends the reader astray."""
    assert refusal(*PLAIN, typed, "3") == f"{typed} is not a flag of tg1; {hint}"


def test_cli_understands_switches_aliases_and_paths() -> None:
    """The rest of behaviour 18's table."""
    config = parsed(
        *PLAIN,
        *("--dry-run", "--no-reenter", "--allow-off-centre", "--user", "Asha", "--product-type", "cnc"),
        *("--state-dir", "s", "--log-level", "debug", "--stop-at", "14:30", "--kite-ws-root", "ws://127.0.0.1:9"),
    ).config
    assert (config.auto_reenter, config.allow_off_centre, config.zerodha_user) == (False, True, "Asha")
    assert (config.product_type, config.state_dir, config.log_level) == ("CNC", Path("s"), "DEBUG")
    assert config.kite_ws_root == "ws://127.0.0.1:9"


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        ([], ["--bot-name"]),
        (["--bot", "x"], ["--bot ", "--bot-name"]),
        (["--stepss", "5"], ["--stepss", "--steps"]),
        (["--steps"], ["--steps", "expected one argument"]),
        (["--fresh=1"], ["--fresh"]),
        (["spare"], ["spare"]),
        ([*PLAIN, "--dry-run", "--trade-type", "gridocoto"], ["--trade-type", "gridocoto"]),
        ([*PLAIN, "--dry-run", "--steps", "2.5"], ["--steps", "2.5"]),
        ([*PLAIN, "--dry-run", "--spread", "-1"], ["--spread", "-1"]),
        ([*PLAIN, "--dry-run", "--spread=-inf"], ["--spread", "-inf"]),
        ([*PLAIN, "--dry-run", "--auto-entry"], ["--entry-price", "--auto-entry"]),
        ([*PLAIN, "--dry-run", "--qty-b", "5"], ["--qty-b", "buyts"]),
        ([*PLAIN, "--dry-run", "--upside-oco-key", "k"], ["--upside-oco-key", "buyts"]),
        ([*PLAIN, "--dry-run", "--cancel-all"], ["--dry-run", "--cancel-all"]),
        (["--bot-name", "B", "--cancel-all", "--fresh", *KEYS], ["--fresh", "--cancel-all"]),
        (["--bot-name", "B", "--cancel-all", "--clear-attention", *KEYS], ["--clear-attention", "--cancel-all"]),
        (["--bot-name", "B", "--cancel-all"], ["--trade-key", "TG1_TRADE_KEY"]),
        (["--bot-name", "B", "--cancel-all", *KEYS[:4], "--upside-oco-key", "k"], ["--upside-oco-secret"]),
        (["--cancel-all", *KEYS], ["--bot-name"]),
        (PLAIN, ["--zerodha-config", "TG1_ZERODHA_CONFIG"]),
        ([*PLAIN, *ZERODHA], ["--trade-key", "TG1_TRADE_KEY"]),
        ([*PLAIN, "--journal", "j", "--dry-run"], ["--journal", "--paper"]),
        ([*PLAIN, "--paper-price-b", "600", "--dry-run"], ["--paper-price-b", "--paper"]),
        ([*PLAIN, "--paper-price-b", "600", "--paper"], ["--paper-price-b", "buyts"]),
        ([*GRID, "--paper-price-b", "0", "--paper"], ["--paper-price-b", "0"]),
        ([*PLAIN, "--square-off", "--paper"], ["--square-off", "--cancel-all"]),
        ([*PLAIN, "--yes", "--paper"], ["--yes", "--cancel-all"]),
        ([*PLAIN, "--dry-run", "--square-off"], ["--square-off", "--cancel-all"]),
        ([*GRID, "--dry-run", "--steps", "2", "--oco-stop-count", "3"], ["--oco-stop-count 3", "--steps 2"]),
    ],
)
def test_cli_refuses_in_one_sentence_that_names_the_flag(argv: list[str], names: list[str]) -> None:
    """Behaviour 14: every refusal is one clear sentence."""
    sentence = refusal(*argv)
    assert all(name in sentence for name in names), sentence


@pytest.mark.parametrize(
    "argv",
    [
        ["--trade-secrt=HUSH77"],
        ["--trade-secrt", "HUSH77"],
        ["--trade-secret", "A", "HUSH77"],
        ["--trade-secret=A HUSH77"],
    ],
    ids=["typo-joined", "typo-apart", "space", "joined-space"],
)
def test_cli_quotes_no_secret_in_a_refusal(argv: list[str]) -> None:
    """A misspelt flag must not print the secret that followed it (behaviour 16)."""
    assert "HUSH77" not in refusal(*argv)


def test_cli_needs_no_credentials_on_paper() -> None:
    """`--paper` runs without any (behaviour 17), and with some all the same."""
    assert parsed(*PLAIN, "--paper").action is Action.START
    assert parsed(*PLAIN, "--paper", *KEYS[:4]).config.paper


def test_cli_rehearses_the_stop_on_an_exchange_of_its_own() -> None:
    """Behaviour 17: refused with the command that rehearses it."""
    sentence = refusal("--bot-name", "B", "--cancel-all", "--paper")
    for part in ("--cancel-all", "--paper", "python -m tg1.paper", "--xts-root", "--kite-root", "--kite-ws-root"):
        assert part in sentence


def test_cli_reads_the_flatten() -> None:
    """Behaviour 13, 18: `--square-off` goes with `--cancel-all`, and `--yes` skips its question."""
    stop = ["--bot-name", "B", "--cancel-all", *KEYS[:4]]
    assert (parsed(*stop).square_off, parsed(*stop).yes) == (False, False)
    both = parsed(*stop, "--square-off", "--yes")
    assert (both.action, both.square_off, both.yes) == (Action.CANCEL_ALL, True, True)


def test_cli_lowers_the_stop_count_to_what_a_small_grid_can_reach() -> None:
    """Behaviour 19: the default of 3 would never end a grid of two levels, and nobody has asked for it."""
    assert parsed(*GRID, "--dry-run", "--steps", "2").config.oco_stop_count == 2
    assert parsed(*GRID, "--dry-run", "--steps", "4").config.oco_stop_count == 3


def test_cli_warns_at_every_start_without_verification() -> None:
    """Behaviour 11.4."""
    assert any("--insecure-tls" in warning for warning in parsed(*PLAIN, "--dry-run", "--insecure-tls").warnings)


def test_cli_takes_the_zerodha_file_from_the_environment() -> None:
    """The flag wins over `TG1_ZERODHA_CONFIG`."""
    assert parsed(*PLAIN, "--dry-run", TG1_ZERODHA_CONFIG="e.ini").config.zerodha_config == Path("e.ini")
    assert parsed(*PLAIN, *ZERODHA, "--dry-run", TG1_ZERODHA_CONFIG="e.ini").config.zerodha_config == Path("z.ini")


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_cli_answers_questions_and_ends_well(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help and version go to stdout with exit 0."""
    with pytest.raises(SystemExit) as caught:
        parse_command([flag], {})
    assert caught.value.code == 0
    assert "tg1" in capsys.readouterr().out


def test_days_may_be_given_several_times_in_any_order() -> None:
    """Behaviour 12: --holiday and --trading-day are repeatable; a day that is given twice is one day."""
    days = ["--holiday", "2026-08-26", "--holiday", "2026-01-15", "--holiday", "2026-01-15"]
    config = parsed(*PLAIN, "--dry-run", *days, "--trading-day", "2026-11-08", "--stop-at", "19:00").config
    assert [str(day) for day in config.holidays] == ["2026-01-15", "2026-08-26"]
    assert [str(day) for day in config.trading_days] == ["2026-11-08"]
    assert parsed(*PLAIN, "--dry-run").config.holidays == ()


def test_day_that_is_no_day_is_refused_with_its_flag() -> None:
    """Behaviour 12."""
    assert refusal(*PLAIN, "--dry-run", "--holiday", "tomorrow").startswith("--holiday tomorrow is not a day")
