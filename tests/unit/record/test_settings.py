"""The settings in a record: all that a replay needs, and nothing that is secret."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date, time
from typing import TYPE_CHECKING

import pytest

from tests.support.states import HEDGED
from tg1.cli import parse_command
from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.record.settings import NOT_TOLD, config_of, told_settings

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {
    f"{account}_{what}": f"s3cret-{account}-{what}"
    for account in ("trade", "upside_oco", "downside_oco")
    for what in ("key", "secret")
}
DECIDES = {
    *("bot_name", "trade_type", "token_a_symbol", "token_b_symbol", "product_type", "entry_price", "auto_entry"),
    *("steps", "spread", "target_spread", "oco_spread", "token_a_quantity", "token_b_quantity", "oco_stop_count"),
    *("oco_order_type", "oco_limit_offset", "max_open_entries", "auto_reenter", "charges", "poll_interval", "stop_at"),
    *("holidays", "trading_days", "ignore_market_hours", "allow_off_centre", "exchange"),
}
"""What decides what a bot does at a price: without one of them a replay would live another bot's day."""
CLIENTS = {"trade_client": "AB1234", "upside_oco_client": "CD1234", "downside_oco_client": "EF1234"}


def test_settings_come_back_without_what_is_secret() -> None:
    """Also through JSON; keys become the accounts' names, so that who shares one is still told."""
    config = GridOcoConfig(
        **{**HEDGED, **SECRETS, **CLIENTS},
        charges=("brokerage=20",),
        holidays=(date(2026, 1, 15),),
        stop_at=time(14, 30),
        auto_reenter=False,
        poll_interval=0.5,
    )
    text = json.dumps(told_settings(config))
    assert not [word for word in (*SECRETS.values(), *CLIENTS.values()) if word in text]
    again = config_of(json.loads(text), ("trade", "oco", "oco"))
    assert (again.trade_key, again.upside_oco_key, again.downside_oco_key) == ("trade", "oco", "oco")
    told = {one.name for one in fields(config) if one.name not in NOT_TOLD}
    assert {name: getattr(again, name) for name in told} == {name: getattr(config, name) for name in told}
    assert told >= DECIDES


def test_a_setting_that_this_tg1_does_not_have_is_refused() -> None:
    """A newer bot may do what this one can't."""
    settings = told_settings(GridOcoConfig(**HEDGED))
    with pytest.raises(ConfigError, match="which has the setting moon"):
        config_of({**settings, "moon": "full"}, ("trade", "trade", "trade"))
    assert config_of(settings, ("trade",) * 3) == replace(
        GridOcoConfig(**HEDGED), trade_key="trade", upside_oco_key="trade", downside_oco_key="trade"
    )


def test_recording_is_on_unless_it_is_switched_off(tmp_path: Path) -> None:
    """By a flag, or in the file of settings."""
    file = tmp_path / "bot.toml"
    file.write_text("no-record = true\n", encoding="utf-8")
    words = ["--bot-name", "T", "--token-a", "IRFC", "--trade-type", "buyts", "--entry-price", "50", "--qty-a", "1"]
    asked = {more: parse_command([*words, *more, "--dry-run"], {}).config.record for more in ((), ("--no-record",))}
    assert asked == {(): True, ("--no-record",): False}
    assert not parse_command([*words, "--config", str(file), "--dry-run"], {}).config.record
