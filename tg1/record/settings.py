"""The settings of a recorded bot: as they are written, and as a config again. Nothing secret is among them."""

from __future__ import annotations

from dataclasses import fields
from datetime import time
from typing import TYPE_CHECKING

from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.settings.flags import CREDENTIALS, ROOTS

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_TOLD = frozenset(
    (
        *CREDENTIALS,
        *ROOTS,
        *("trade_client", "upside_oco_client", "downside_oco_client", "zerodha_user", "zerodha_config"),
        *("insecure_tls", "state_dir", "status_dir", "log_dir", "log_level", "fresh", "clear_attention", "record"),
        *("paper", "paper_prices", "paper_price_b", "paper_speed", "paper_seed", "journal"),
    )
)
"""Fields that are secret, or say nothing about what the bot does at a price. A field that is not named here is told."""


def told_settings(config: GridOcoConfig) -> dict[str, object]:
    """The effective settings by the names of their fields."""
    told = {one.name: _plain(getattr(config, one.name)) for one in fields(config) if one.name not in NOT_TOLD}
    return {name: value for name, value in told.items() if value is not None}


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return [str(one) for one in value] if isinstance(value, tuple) else str(value)


def config_of(settings: Mapping[str, object], accounts: tuple[str, str, str]) -> GridOcoConfig:
    """The recorded bot's settings, with its accounts' names in place of their keys.

    Raises `ConfigError` for settings that this TG1 does not know.
    """
    known = {one.name for one in fields(GridOcoConfig)}
    strange = sorted(settings.keys() - known)
    if strange:
        raise ConfigError(f"another TG1 wrote it, which has the setting {strange[0]}: update this TG1")
    trade, upside, downside = accounts
    keys = {"trade_key": trade, "upside_oco_key": upside, "downside_oco_key": downside}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    return GridOcoConfig(**{**given, **keys})  # type: ignore[arg-type]  # converted and judged by the class itself
