"""Decides whether a saved grid and the command line mean the same grid (behaviour 9.3). PURE."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from tg1.settings.flags import flag_of

if TYPE_CHECKING:
    from tg1.models import GridIdentity


def compare_grids(saved: GridIdentity, given: GridIdentity) -> str:
    """A table of the flags whose saved and given values differ, one line each under a heading; empty when none does."""
    rows = [
        (flag_of(field.name), str(getattr(saved, field.name)), str(getattr(given, field.name)))
        for field in fields(saved)
        if getattr(saved, field.name) != getattr(given, field.name)
    ]
    if not rows:
        return ""
    table = [("flag", "saved", "given"), *((flag, old or "(none)", new or "(none)") for flag, old, new in rows)]
    first, second = (max(len(row[column]) for row in table) for column in (0, 1))
    return "\n".join(f"{flag:<{first}}  {old:<{second}}  {new}" for flag, old, new in table)
