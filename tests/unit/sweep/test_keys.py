"""A result's key: everything that determines it, nothing that doesn't, and no secret."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.replay.random_days import SETTINGS, made_day
from tg1.config import GridOcoConfig
from tg1.replay.days import Rig
from tg1.replay.wanted import BarPath
from tg1.sweep.keys import WITHOUT_EFFECT, edition, key_of, market_of, settings_of, without_secrets
from tg1.sweep.packed import packed

CONFIG = GridOcoConfig(**SETTINGS)
PRICES = packed(("IRFC", "SBIN"), [made_day(1, rows=20)])
MARKET = market_of(Rig(), BarPath.LOW_FIRST)
KEY = key_of(CONFIG, MARKET, PRICES, "edition")

OTHER = {
    "trade_type": "buyocots",
    "token_a_symbol": "PNB",
    "token_b_symbol": "PNB",
    "product_type": "CNC",
    "entry_price": "51",
    "auto_entry": True,
    "steps": 5,
    "spread": "0.75",
    "target_spread": "0.75",
    "token_a_quantity": 7,
    "max_open_entries": 1,
    "auto_reenter": False,
    "allow_off_centre": False,
    "oco_spread": "2",
    "token_b_quantity": 7,
    "oco_stop_count": 2,
    "oco_order_type": "limit",
    "oco_limit_offset": "0.7",
    "charges": ("brokerage=20",),
    "poll_interval": 2.0,
    "fresh": True,
    "exchange": "BSE",
}


def test_every_setting_counts_that_is_not_known_to_be_without_effect() -> None:
    """A field that somebody adds counts until he says otherwise; this list grows with it."""
    counting = {one.name for one in fields(GridOcoConfig)} - WITHOUT_EFFECT
    known = counting & OTHER.keys()
    assert known == set(OTHER)
    for name in sorted(known):
        changed = replace(CONFIG, **{name: OTHER[name]})  # type: ignore[arg-type]  # a value for each field
        assert key_of(changed, MARKET, PRICES, "edition") != KEY, name


def test_market_prices_path_and_edition_count() -> None:
    """And the hour at which the session ends."""
    other_day = packed(("IRFC", "SBIN"), [made_day(2, rows=20)])
    found = {
        KEY,
        key_of(CONFIG, MARKET, other_day, "edition"),
        key_of(CONFIG, MARKET, PRICES, "other edition"),
        key_of(CONFIG, market_of(Rig(), BarPath.HIGH_FIRST), PRICES, "edition"),
        key_of(CONFIG, market_of(Rig(through=True), BarPath.LOW_FIRST), PRICES, "edition"),
        key_of(CONFIG, market_of(Rig(latency_secs=0.05), BarPath.LOW_FIRST), PRICES, "edition"),
        key_of(CONFIG, market_of(Rig(square_off_at=time(15, 17)), BarPath.LOW_FIRST), PRICES, "edition"),
        key_of(replace(CONFIG, stop_at=time(14, 0)), MARKET, PRICES, "edition"),
        key_of(replace(CONFIG, trade_key="one", upside_oco_key="one"), MARKET, PRICES, "edition"),
    }
    assert len(found) == 9


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_name": "Other"},
        {"state_dir": Path("elsewhere"), "status_dir": Path("/run/tg1")},
        {"log_level": "DEBUG"},
        {"spread": Decimal("0.5")},
        {"trade_secret": "s3cret"},
    ],
)
def test_what_changes_nothing_does_not_count(changes: dict[str, object]) -> None:
    """Names, folders, secrets, and 0.50 written as 0.5; nor does how fast the replay runs."""
    assert key_of(replace(CONFIG, **changes), MARKET, PRICES, "edition") == KEY  # type: ignore[arg-type]  # any field
    assert market_of(Rig(fast_forward=False), BarPath.LOW_FIRST) == MARKET


def test_no_secret_travels_or_is_kept() -> None:
    """Neither to a cluster nor into the results file; who shares an account is kept (architecture 3)."""
    config = replace(
        CONFIG,
        trade_key="K3Y-A",
        trade_secret="s3cret",
        upside_oco_key="K3Y-B",
        upside_oco_secret="s3cret",
        upside_oco_client="C0DE",
        downside_oco_key="K3Y-B",
        downside_oco_secret="s3cret",
        downside_oco_client="C0DE",
    )
    bare = without_secrets(config)
    everything = f"{[getattr(bare, one.name) for one in fields(bare)]} {settings_of(config)}"
    assert not any(secret in everything for secret in ("K3Y", "s3cret", "C0DE"))
    assert bare.same_oco_account
    assert bare.trade_key != bare.upside_oco_key == bare.downside_oco_key


def test_edition_is_one_word_for_the_whole_source() -> None:
    """The same as long as nobody changes a line."""
    assert edition() == edition()
    assert len(edition()) == 16
