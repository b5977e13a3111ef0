"""Decides whether a saved grid and the command line mean the same grid (behaviour 9.3). Pure."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tg1.models import GridIdentity

_FLAGS = {
    "trade_type": "--trade-type",
    "exchange": "--exchange",
    "product_type": "--product",
    "token_a_symbol": "--token-a",
    "token_b_symbol": "--token-b",
    "entry_price": "--entry-price",
    "steps": "--steps",
    "spread": "--spread",
    "target_spread": "--target-spread",
    "oco_spread": "--oco-spread",
    "token_a_quantity": "--qty-a",
    "token_b_quantity": "--qty-b",
}
"""The flag that sets each field (behaviour 18)."""


def compare_grids(saved: GridIdentity, given: GridIdentity) -> str:
    """A table of the flags whose saved and given values differ, one line each under a heading; empty when none does."""
    rows = [
        (_FLAGS[field.name], str(getattr(saved, field.name)), str(getattr(given, field.name)))
        for field in fields(saved)
        if getattr(saved, field.name) != getattr(given, field.name)
    ]
    if not rows:
        return ""
    table = [("flag", "saved", "given"), *((flag, old or "(none)", new or "(none)") for flag, old, new in rows)]
    first, second = (max(len(row[column]) for row in table) for column in (0, 1))
    return "\n".join(f"{flag:<{first}}  {old:<{second}}  {new}" for flag, old, new in table)
