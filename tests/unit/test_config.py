"""What `GridOcoConfig` accepts, derives and refuses."""

from __future__ import annotations

import dataclasses
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import HEDGED
from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.models import PAISA, OcoOrderType, TradeType
from tg1.rules.grid import check_rows, exact_rows
from tg1.settings.checks import check_levels
from tg1.settings.flags import CREDENTIALS

PLAIN: dict[str, Any] = {
    "bot_name": "IRFC Buy Grid",
    "trade_type": "buyts",
    "token_a_symbol": "IRFC",
    "entry_price": "50.00",
    "token_a_quantity": 100,
}
SECRETS = {name: f"made-up-{name}" for name in CREDENTIALS}


def hedged(**changes: Any) -> GridOcoConfig:
    """A valid hedged bot but for `changes`."""
    return GridOcoConfig(**{**HEDGED, **changes})


def plain(**changes: Any) -> GridOcoConfig:
    """A valid bot without a hedge but for `changes`."""
    return GridOcoConfig(**{**PLAIN, **changes})


def refusal(config: GridOcoConfig, given_fields: frozenset[str] | None = None) -> str:
    """The sentence with which a configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        config.validate(given_fields)
    return str(caught.value)


def test_config_has_the_defaults_of_the_contract() -> None:
    """Every default is architecture 20's, or behaviour 18's where that speaks (behaviour 1.3)."""
    config = GridOcoConfig(bot_name="x", token_a_symbol="A")
    assert {
        "trade_type": config.trade_type,
        "steps": config.steps,
        "spread": config.spread,
        "target_spread": config.target_spread,
        "oco_spread": config.oco_spread,
        "oco_stop_count": config.oco_stop_count,
        "oco_order_type": config.oco_order_type,
        "oco_limit_offset": config.oco_limit_offset,
        "product_type": config.product_type,
        "exchange": config.exchange,
        "zerodha_user": config.zerodha_user,
        "xts_root": config.xts_root,
        "poll_interval": config.poll_interval,
        "auto_reenter": config.auto_reenter,
        "max_open_entries": config.max_open_entries,
        "paper_speed": config.paper_speed,
    } == {
        "trade_type": TradeType.GRIDOCOTS,
        "steps": 5,
        "spread": Decimal(1),
        "target_spread": Decimal(1),
        "oco_spread": 0,
        "oco_stop_count": 3,
        "oco_order_type": OcoOrderType.STOP_LIMIT,
        "oco_limit_offset": Decimal("0.5"),
        "product_type": "MIS",
        "exchange": "NSE",
        "zerodha_user": "Sai",
        "xts_root": "https://xts.myfindoc.com",
        "poll_interval": 1.0,
        "auto_reenter": True,
        "max_open_entries": 0,
        "paper_speed": 1.0,
    }


@pytest.mark.parametrize("config", [hedged(), plain()], ids=["hedged", "plain"])
def test_config_accepts_the_examples_of_the_architecture(config: GridOcoConfig) -> None:
    """Architecture 19's starts are valid."""
    config.validate()


@pytest.mark.parametrize("value", [0.1, "0.1", Decimal("0.1")], ids=["float", "text", "decimal"])
def test_config_holds_a_tenth_exactly_however_it_is_given(value: Any) -> None:
    """Prices are decimal inside, by their notation."""
    assert plain(spread=value).spread == Decimal("0.1")


def test_config_refuses_an_assignment() -> None:
    """The settings of a running bot can't change."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        plain().steps = 6  # type: ignore[misc]


def test_config_shows_no_credential() -> None:
    """No key or secret reaches a repr (behaviour 16)."""
    assert "made-up" not in repr(hedged(**SECRETS))


def test_config_derives_max_quantity_from_steps() -> None:
    """Architecture 4: 100 shares on 5 steps pause at 500."""
    config = hedged()
    assert (config.max_quantity, config.identity().max_quantity) == (500, 500)


ONE_KEY = {"upside_oco_key": "k", "downside_oco_key": "k", "upside_oco_secret": "s", "downside_oco_secret": "s"}


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, False),
        (SECRETS, False),
        ({**SECRETS, "downside_oco_key": "k", "upside_oco_key": "k"}, False),
        (ONE_KEY, True),
        ({**ONE_KEY, "upside_oco_client": "AB12", "downside_oco_client": "ab12"}, True),
        ({**ONE_KEY, "upside_oco_client": "AB12", "downside_oco_client": "BX02"}, False),
    ],
    ids=["none", "different", "other-secret", "same", "same-client", "two-clients"],
)
def test_config_knows_when_both_oco_directions_share_an_account(changes: dict[str, str], same: bool) -> None:  # noqa: FBT001  # a table's column
    """Same key and secret are one account (architecture 3), unless a dealer's key has two clients (behaviour 11.5)."""
    assert hedged(**changes).same_oco_account is same


@pytest.mark.parametrize(
    ("changes", "stop"),
    [
        ({}, time(15, 0)),
        ({"product_type": "CNC"}, time(15, 10)),
        ({"product_type": "NRML"}, time(15, 10)),
        ({"stop_at": "14:05"}, time(14, 5)),
        ({"ignore_market_hours": True}, None),
    ],
    ids=["mis", "cnc", "nrml", "given", "ignored"],
)
def test_config_stops_at_the_products_own_time_unless_told(changes: dict[str, Any], stop: time | None) -> None:
    """Behaviour 12: 15:00 for MIS, 15:10 for delivery."""
    assert plain(**changes).effective_stop == stop


def test_config_identity_takes_a_measured_centre() -> None:
    """With auto-entry the grid's price is the last price, not the configured one."""
    config = plain(auto_entry=True, entry_price=0)
    assert config.identity(Decimal("51.25")).entry_price == Decimal("51.25")


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"bot_name": "  "}, ["--bot-name"]),
        ({"bot_name": "a\nb"}, ["--bot-name"]),
        ({"bot_name": "x" * 101}, ["--bot-name", "100"]),
        ({"token_a_symbol": ""}, ["--token-a"]),
        ({"token_a_symbol": "NSE:IRFC"}, ["--token-a", "NSE:IRFC"]),
        ({"token_b_symbol": ""}, ["--token-b", "gridocots"]),
        ({"token_b_symbol": "irfc"}, ["--token-b", "IRFC"]),
        ({"token_b_quantity": 0}, ["--qty-b"]),
        ({"token_b_quantity": -1}, ["--qty-b", "-1"]),
        ({"oco_spread": 0}, ["--oco-spread"]),
        ({"oco_spread": "-2"}, ["--oco-spread", "-2"]),
        ({"token_a_quantity": 0}, ["--qty-a"]),
        ({"steps": 0}, ["--steps", "0"]),
        ({"steps": 1296}, ["--steps", "1296", "1295"]),
        ({"spread": 0}, ["--spread", "0"]),
        ({"spread": "0.004"}, ["--spread", "0.004"]),
        ({"target_spread": "0"}, ["--target-spread", "0"]),
        ({"target_spread": "-0.5"}, ["--target-spread", "-0.5"]),
        ({"target_spread": "60"}, ["--target-spread", "60"]),
        ({"entry_price": 0}, ["--entry-price"]),
        ({"entry_price": -5}, ["--entry-price", "-5"]),
        ({"entry_price": "5"}, ["--entry-price", "--steps", "--spread", "0.00"]),
        ({"auto_entry": True}, ["--entry-price", "--auto-entry"]),
        ({"exchange": "BSE"}, ["--exchange", "BSE", "NSE cash"]),
        ({"product_type": "CO"}, ["--product", "CO"]),
        ({"poll_interval": 0.05}, ["--poll-interval", "0.05"]),
        ({"poll_interval": 61}, ["--poll-interval", "61"]),
        ({"stop_at": "09:15"}, ["--stop-at", "09:15"]),
        ({"stop_at": "15:31"}, ["--stop-at", "15:31"]),
        ({"stop_at": "15:31", "holidays": ["2026-01-15"]}, ["--stop-at", "15:31"]),
        ({"holidays": ["2026-01-15"], "trading_days": ["2026-01-15"]}, ["--holiday", "--trading-day", "2026-01-15"]),
        ({"holidays": ["2026-01-15"], "ignore_market_hours": True}, ["--holiday", "--ignore-market-hours"]),
        ({"trading_days": ["2026-11-08"], "ignore_market_hours": True}, ["--trading-day", "--ignore-market-hours"]),
        ({"stop_at": "14:00", "ignore_market_hours": True}, ["--stop-at", "--ignore-market-hours"]),
        ({"oco_limit_offset": "20.1"}, ["--oco-limit-offset", "20.1"]),
        ({"oco_limit_offset": "-1"}, ["--oco-limit-offset", "-1"]),
        ({"oco_stop_count": 0}, ["--oco-stop-count", "0"]),
        ({"max_open_entries": -1}, ["--max-open-entries", "-1"]),
        ({"paper_prices": "day.csv"}, ["--paper-prices", "--paper"]),
        ({"paper_speed": 2}, ["--paper-speed", "--paper"]),
        ({"journal": "j.jsonl"}, ["--journal", "--paper"]),
        ({"paper": True, "xts_root": "example.com"}, ["--xts-root", "--paper"]),
        ({"paper": True, "paper_speed": 0}, ["--paper-speed", "0"]),
        ({"log_level": "LOUD"}, ["--log-level", "LOUD"]),
        ({"zerodha_user": " "}, ["--zerodha-user"]),
    ],
)
def test_config_refuses_what_can_not_be_traded_and_names_it(changes: dict[str, Any], names: list[str]) -> None:
    """The sentence holds the flag and its value (behaviour 1.2, 18)."""
    sentence = refusal(hedged(**changes))
    assert all(name in sentence for name in names), sentence
    assert sentence.count("\n") == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "2.5"),
        ("steps", 2.0),
        ("steps", True),
        ("token_a_quantity", "1_000"),
        ("token_a_quantity", "٣"),
        ("token_a_quantity", "1e2"),
        ("spread", "inf"),
        ("spread", float("inf")),
        ("spread", float("nan")),
        ("spread", Decimal("NaN")),
        ("spread", "1e400"),
        ("spread", "1_0"),
        ("spread", "1,000"),
        ("spread", ""),
        ("spread", "0" * 40),
        ("entry_price", "fifty"),
        ("poll_interval", "nan"),
        ("stop_at", "25:00"),
        ("holidays", ["15-01-2026"]),
        ("holidays", ["2026-02-29"]),
        ("holidays", ["2026-W03-4"]),
        ("holidays", "20260115"),
        ("trading_days", [""]),
        ("trading_days", 20261108),
        ("stop_at", "noon"),
        ("trade_type", "gridocoto"),
        ("oco_order_type", "market"),
        ("auto_entry", "False"),
        ("state_dir", ""),
        ("log_dir", "a\0b"),
        ("xts_root", "http://example.com"),
        ("xts_root", "ftp://example.com"),
        ("xts_root", "https://example.com/path"),
        ("xts_root", "https://example.com:99999"),
        ("kite_ws_root", "https://example.com"),
    ],
)
def test_config_refuses_a_value_that_no_trader_would_write(name: str, value: Any) -> None:
    """A surprising notation is a mistake, not a number (behaviour 18: numbers finite)."""
    with pytest.raises(ConfigError):
        hedged(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_b_symbol", "SBIN"),
        ("oco_spread", "2"),
        ("token_b_quantity", 5),
        ("oco_stop_count", 4),
        ("oco_order_type", "limit"),
        ("oco_limit_offset", 1),
    ],
)
def test_config_refuses_hedge_settings_without_a_hedge(name: str, value: Any) -> None:
    """OCO flags with a non-OCO type are refused, not ignored (behaviour 18)."""
    assert "buyts" in refusal(plain(**{name: value}))


def test_config_refuses_a_hedge_flag_that_was_given_with_its_default() -> None:
    """What counts is that the flag was given, not its value."""
    assert "--oco-stop-count" in refusal(plain(), frozenset({"oco_stop_count", "entry_price"}))


def test_config_accepts_oco_credentials_of_the_environment_without_a_hedge() -> None:
    """One environment may serve several bots; only flags are refused."""
    plain(**SECRETS).validate()


def test_config_accepts_a_sell_only_grid_deeper_than_its_price() -> None:
    """Only active halves are judged: a SELL grid has no BUY level to fall below 0."""
    plain(trade_type="sellts", entry_price=2).validate()


def test_config_names_the_first_missing_credential_with_its_variable() -> None:
    """Behaviour 16: the flag and the environment variable are both said."""
    with pytest.raises(ConfigError, match=r"--upside-oco-key.*TG1_UPSIDE_OCO_KEY.*3 more"):
        hedged(trade_key="k", trade_secret="s", zerodha_config="z.ini").validate_credentials()


def test_config_needs_only_the_trade_account_without_a_hedge() -> None:
    """Architecture 5: buyts and sellts use one account."""
    plain(trade_key="k", trade_secret="s", zerodha_config="z.ini").validate_credentials()


def test_config_needs_no_credentials_on_paper() -> None:
    """Behaviour 17: no credentials, no network."""
    hedged(paper=True).validate_credentials()


def test_config_refuses_one_key_with_two_secrets_and_quotes_neither() -> None:
    """One of the two must be wrong; the sentence holds no value (behaviour 16)."""
    config = hedged(**{**SECRETS, "upside_oco_key": SECRETS["trade_key"], "zerodha_config": "z.ini"})
    with pytest.raises(ConfigError) as caught:
        config.validate_credentials()
    assert "--upside-oco-key" in str(caught.value)
    assert "made-up" not in str(caught.value)


@pytest.mark.parametrize(
    ("given_root", "root"),
    [
        ("xts.myfindoc.com", "https://xts.myfindoc.com"),
        ("https://xts.myfindoc.com/", "https://xts.myfindoc.com"),
        ("https://XTS.example.com:8443", "https://xts.example.com:8443"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_config_brings_a_root_into_one_form(given_root: str, root: str) -> None:
    """Behaviour 11.4: host, https, or http to loopback."""
    assert plain(xts_root=given_root).xts_root == root


def test_config_quotes_no_login_of_a_root() -> None:
    """A password in a URL is a secret (behaviour 16)."""
    with pytest.raises(ConfigError) as caught:
        plain(xts_root="https://me:hunter22@example.com")
    assert "hunter22" not in str(caught.value)


prices = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(100000), places=2)


@given(
    entry=prices,
    spread=prices,
    target=prices,
    steps=st.integers(min_value=1, max_value=60),
    trade_type=st.sampled_from(TradeType),
)
def test_config_that_passes_has_rows_that_pass(
    entry: Decimal, spread: Decimal, target: Decimal, steps: int, trade_type: TradeType
) -> None:
    """The closed forms here and the level-by-level check of the grid agree on every grid (behaviour 1.2)."""
    config = GridOcoConfig(
        bot_name="x",
        token_a_symbol="A",
        trade_type=trade_type,
        entry_price=entry,
        spread=spread,
        target_spread=target,
        steps=steps,
    )
    rows = exact_rows(config.identity())
    if min(min(row.entry_price, row.target_price) for row in rows) >= PAISA:
        check_levels(config.identity())
        check_rows(rows)
    else:
        with pytest.raises(ConfigError):
            check_levels(config.identity())


@given(st.text(max_size=20))
def test_config_refuses_or_reads_any_text_as_a_price(text: str) -> None:
    """No text makes anything but a finite decimal or a ConfigError."""
    try:
        value = plain(spread=text).spread
    except ConfigError:
        return
    assert value.is_finite()
