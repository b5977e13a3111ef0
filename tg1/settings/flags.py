"""What each field of `GridOcoConfig` is called on the command line and in the environment. PURE."""

from __future__ import annotations

_SPECIAL = {
    "token_a_symbol": "--token-a",
    "token_b_symbol": "--token-b",
    "token_a_quantity": "--qty-a",
    "token_b_quantity": "--qty-b",
    "product_type": "--product",
    "auto_reenter": "--no-reenter",
    "charges": "--charge",
    "holidays": "--holiday",
    "record": "--no-record",
    "trading_days": "--trading-day",
}

CREDENTIALS = (
    "trade_key",
    "trade_secret",
    "upside_oco_key",
    "upside_oco_secret",
    "downside_oco_key",
    "downside_oco_secret",
)
"""The fields that hold secrets; each may also come from the environment or a file (behaviour 16)."""

TRADE_CREDENTIALS = CREDENTIALS[:2]
OCO_CREDENTIALS = CREDENTIALS[2:]

OCO_ONLY = (
    "token_b_symbol",
    "oco_spread",
    "token_b_quantity",
    "oco_stop_count",
    "oco_order_type",
    "oco_limit_offset",
    "upside_oco_client",
    "downside_oco_client",
    "paper_price_b",
)
"""Fields that mean nothing without a hedge: refused when given with a trade type that has none (behaviour 18)."""

TURNED_OFF = ("auto_reenter", "record")
"""Switches that are on unless their flag turns them off."""

PAPER_ONLY = ("paper_prices", "paper_price_b", "paper_speed", "paper_seed", "journal")
"""Fields that mean nothing without `--paper`."""

ROOTS = ("xts_root", "kite_root", "kite_ws_root")
"""Fields that name a real server; `--paper` brings its own."""


def flag_of(name: str) -> str:
    """The flag that sets a field, e.g. "--qty-a" for `token_a_quantity`."""
    return _SPECIAL.get(name) or "--" + name.replace("_", "-")


def env_of(name: str) -> str:
    """The environment variable that may hold a credential, e.g. "TG1_TRADE_KEY" (behaviour 16)."""
    return "TG1_" + name.upper()


def file_env_of(name: str) -> str:
    """The environment variable that may name a file with a credential, e.g. "TG1_TRADE_KEY_FILE"."""
    return env_of(name) + "_FILE"
