"""What a replay was asked for, as a report lists it; no key, secret, root or folder is among it. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.config import GridOcoConfig
    from tg1.replay.command import ReplayCommand


def asked(command: ReplayCommand) -> tuple[tuple[str, str], ...]:
    """Flags and their values, those of the bot first; what says nothing is left out."""
    config = command.config
    rows = [*_grid(config), *(_hedge(config) if config.has_oco else []), *_market(command)]
    return tuple((name, value) for name, value in rows if value)


def _grid(config: GridOcoConfig) -> list[tuple[str, str]]:
    return [
        ("trade type", str(config.trade_type)),
        ("token A", config.token_a_symbol),
        ("token B", config.token_b_symbol),
        ("entry price", "the first price of the day" if config.auto_entry else _rupees(config.entry_price)),
        ("steps", str(config.steps)),
        ("spread", _rupees(config.spread)),
        ("target spread", _rupees(config.target_spread)),
        ("quantity of A", str(config.token_a_quantity)),
        ("product", config.product_type),
        ("enters again after a target", "yes" if config.auto_reenter else "no"),
        ("most open entries a side", str(config.max_open_entries or "no limit")),
        ("a new grid each morning", "yes" if config.fresh else "no"),
    ]


def _hedge(config: GridOcoConfig) -> list[tuple[str, str]]:
    return [
        ("OCO spread", _rupees(config.oco_spread)),
        ("quantity of B", str(config.token_b_quantity)),
        ("OCO order type", str(config.oco_order_type)),
        ("OCO stop count", str(config.oco_stop_count)),
    ]


def _market(command: ReplayCommand) -> list[tuple[str, str]]:
    rig = command.rig
    return [
        (
            "a resting order fills",
            "when the price goes a tick beyond it" if rig.through else "when the price touches it",
        ),
        ("path inside a bar", str(command.wanted.path)),
        ("latency, one way", f"{rig.latency_secs * 1000:g} ms"),
        ("the broker squares off", f"at {rig.square_off_at:%H:%M}" if rig.square_off_at else "never"),
        ("prices", _prices(command)),
    ]


def _prices(command: ReplayCommand) -> str:
    if command.made is not None:
        return f"made, seed {command.made.seed}"
    return ", ".join(path.name for path in command.prices)


def _rupees(amount: Decimal) -> str:
    return f"{amount:,.2f}"
