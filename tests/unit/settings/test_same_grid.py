"""A resume with other settings is refused with a table (behaviour 9.3)."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from tests.support.states import GRID
from tg1.models import GridIdentity, TradeType
from tg1.settings.same_grid import compare_grids

OTHER = GridIdentity(
    trade_type=TradeType.BUYTS,
    exchange="BSE",
    product_type="CNC",
    token_a_symbol="TCS",
    token_b_symbol="INFY",
    entry_price=Decimal(51),
    steps=6,
    spread=Decimal(2),
    target_spread=Decimal(3),
    oco_spread=Decimal(4),
    token_a_quantity=7,
    token_b_quantity=8,
)


def test_same_grid_needs_no_table() -> None:
    """49.0 and 49.00 are the same price."""
    assert compare_grids(GRID, replace(GRID, entry_price=Decimal(50), spread=Decimal(1))) == ""


def test_table_shows_the_saved_and_the_given_value_of_each_flag_that_differs() -> None:
    """One line per difference, under the flag that the operator has to change."""
    given = replace(GRID, entry_price=Decimal("51.50"), token_b_symbol="")
    assert compare_grids(GRID, given).splitlines() == [
        "flag           saved  given",
        "--token-b      SBIN   (none)",
        "--entry-price  50.00  51.50",
    ]


@pytest.mark.parametrize("name", [field.name for field in fields(GridIdentity)])
def test_every_field_of_the_identity_counts(name: str) -> None:
    """Any difference is another grid."""
    given = replace(GRID, **{name: getattr(OTHER, name)})
    assert len(compare_grids(GRID, given).splitlines()) == 2
