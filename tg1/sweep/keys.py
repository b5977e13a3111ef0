"""What determines a result, and the short name of all of it together: equal keys are equal results."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tg1.settings.flags import CREDENTIALS, ROOTS, flag_of

if TYPE_CHECKING:
    from tg1.config import GridOcoConfig
    from tg1.replay.days import Rig
    from tg1.replay.wanted import BarPath
    from tg1.sweep.packed import PackedDays

CLIENTS = ("trade_client", "upside_oco_client", "downside_oco_client")
_KEYS = ("trade_key", "upside_oco_key", "downside_oco_key")
WITHOUT_EFFECT = frozenset(
    (
        *CREDENTIALS,
        *CLIENTS,
        *ROOTS,
        *("bot_name", "zerodha_user", "zerodha_config", "insecure_tls", "state_dir", "log_dir", "log_level"),
        *("status_dir", "record"),
        # A day that has prices is traded on, whatever the calendar says; the stop counts as `effective_stop`.
        *("clear_attention", "holidays", "trading_days", "stop_at", "ignore_market_hours"),
        *("paper", "paper_prices", "paper_price_b", "paper_speed", "paper_seed", "journal"),
    )
)
"""Fields that a replay's result does not depend on. A field that is not named here counts."""


def without_secrets(config: GridOcoConfig) -> GridOcoConfig:
    """The config as it may travel to other machines: who shares an account with whom is kept, and nothing else."""
    stand_ins: dict[str, str] = {"": ""}
    told: dict[str, Any] = {
        name: stand_ins.setdefault(value, f"account-{len(stand_ins)}")
        for name in (*_KEYS, *CLIENTS)
        for value in [getattr(config, name)]
    }
    return replace(config, **{**dict.fromkeys(CREDENTIALS, ""), **told})


def settings_of(config: GridOcoConfig) -> dict[str, str]:
    """The effective settings by their flags, without anything secret."""
    shown = {
        flag_of(one.name).removeprefix("--"): _text(getattr(config, one.name))
        for one in fields(config)
        if one.name not in WITHOUT_EFFECT
    }
    return {**shown, "stop-at": _text(config.effective_stop)}


def market_of(rig: Rig, path: BarPath) -> dict[str, str]:
    """How the market behaves, and in which order a bar's prices happened."""
    # Skipping what can do nothing changes no result (tests/replay/test_fast_forward.py).
    told = {name: _text(value) for name, value in asdict(rig).items() if name != "fast_forward"}
    return {**told, "path": str(path)}


def key_of(config: GridOcoConfig, market: dict[str, str], prices: PackedDays, edition: str) -> str:
    """The name of a result."""
    stand_ins = without_secrets(config)
    whole: dict[str, Any] = {
        "settings": settings_of(config),
        "accounts": [getattr(stand_ins, name) for name in (*_KEYS, *CLIENTS)],
        "market": market,
        "prices": prices.digest,
        "edition": edition,
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, (tuple, list)):
        return json.dumps([_text(each) for each in value])
    return "" if value is None else str(value)


@cache
def edition() -> str:
    """A digest of TG1's own source: results of another edition are not trusted to be equal."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path.relative_to(package)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
