"""The printed grid."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tg1.config import GridOcoConfig

EXAMPLE_OF_THE_ARCHITECTURE = """SELL Grid (upside):
  Level    Entry     Target
  1        51.00     50.50
  2        52.00     51.50
  3        53.00     52.50
  4        54.00     53.50
  5        55.00     54.50
"""
ITS_BUY_HALF = """BUY Grid (downside):
  Level    Entry     Target
  1        49.00     49.50
  2        48.00     48.50
  3        47.00     47.50
  4        46.00     46.50
  5        45.00     45.50
"""


def printed(**changes: Any) -> str:
    """What is printed for a valid configuration."""
    values: dict[str, Any] = {"bot_name": "Test", "token_a_symbol": "IRFC", "entry_price": 50, "target_spread": "0.5"}
    values |= {"token_a_quantity": 100} | changes
    if not values.get("trade_type", "gridocots").endswith(("buyts", "sellts")):
        values |= {"token_b_symbol": "SBIN", "token_b_quantity": 50, "oco_spread": 2}
    config = GridOcoConfig(**values)
    config.validate()
    out = io.StringIO()
    config.print_grid_layout(out)
    return out.getvalue()


def test_layout_prints_the_example_of_the_architecture_to_the_paisa() -> None:
    """Architecture 4's table appears as it stands there."""
    text = printed()
    assert EXAMPLE_OF_THE_ARCHITECTURE in text
    assert ITS_BUY_HALF in text


def test_layout_states_max_quantity_capital_and_hedge() -> None:
    """500 shares; 26500 and 23500 rupees at full fill; the OCO rule of architecture 2."""
    text = printed()
    for part in ("MaxQuantity = 500", "26500.00", "23500.00", "BUY 50 SBIN", "+ 2.00", "SELL 50 SBIN", "- 2.00"):
        assert part in text


@pytest.mark.parametrize(
    ("trade_type", "sells", "buys", "hedges"),
    [
        ("gridocots", True, True, True),
        ("buyocots", False, True, True),
        ("sellocots", True, False, True),
        ("buyts", False, True, False),
        ("sellts", True, False, False),
    ],
)
def test_layout_prints_the_active_halves_only(trade_type: str, sells: bool, buys: bool, hedges: bool) -> None:  # noqa: FBT001  # a table's columns
    """Architecture 5."""
    text = printed(trade_type=trade_type)
    assert ("SELL Grid" in text, "BUY Grid" in text, "OCO of each fill" in text) == (sells, buys, hedges)


def test_layout_prints_offsets_when_the_centre_is_not_known() -> None:
    """With auto-entry there is no price before the start."""
    text = printed(auto_entry=True, entry_price=0)
    assert "C + 1.00  C + 0.50" in text
    assert "C - 5.00  C - 4.50" in text


def test_layout_keeps_columns_apart_at_high_prices() -> None:
    """Two prices never run into each other."""
    assert "  5        1234505.00  1234504.50" in printed(entry_price=1234500)


def test_layout_says_that_delivery_sells_out_of_holdings() -> None:
    """A CNC or NRML SELL without holdings is rejected (behaviour 17)."""
    assert "holdings" in printed(trade_type="sellts", product_type="CNC")
    assert "holdings" not in printed(trade_type="sellts")
