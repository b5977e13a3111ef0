"""What is allowed and still weakens a bot is said at its start and in the dry run."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest

from tests.support.states import HEDGED
from tg1.config import GridOcoConfig
from tg1.settings.cautions import cautions, hedge_cautions

UNHEDGED = {"token_b_symbol": "", "token_b_quantity": 0, "oco_spread": 0}


def hedged(**changes: Any) -> GridOcoConfig:
    """A valid hedged bot but for `changes`."""
    return GridOcoConfig(**{**HEDGED, **changes})


def test_plain_example_needs_no_caution() -> None:
    """A warning that always comes is read by nobody."""
    assert cautions(hedged()) == ()
    assert hedge_cautions(hedged().identity(), Decimal("120.50")) == ()


def test_limit_hedge_is_said_to_fill_at_once() -> None:
    """Behaviour 6.2: such a hedge is normally marketable, said at every start and in the dry run."""
    config = hedged(oco_order_type="limit")
    (sentence,) = cautions(config)
    assert "--oco-order-type limit" in sentence
    assert "hedged, and its level closed, at once" in sentence
    out = io.StringIO()
    config.print_grid_layout(out)
    assert sentence in out.getvalue()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"insecure_tls": True}, "--insecure-tls"),
        ({"ignore_market_hours": True}, "--ignore-market-hours"),
        ({"stop_at": "15:20"}, "--stop-at 15:20"),
        ({"target_spread": "10"}, "--target-spread 10"),
        ({"steps": 10, "spread": "1.1"}, "level 10"),
    ],
)
def test_what_weakens_a_bot_is_named(changes: dict[str, Any], named: str) -> None:
    """Behaviour 11.4, 12, 19: one sentence each, with the flag."""
    (sentence,) = cautions(hedged(**changes))
    assert named in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"ignore_market_hours": True, "paper": True},
        {"stop_at": "15:20", "product_type": "CNC", "trade_type": "buyts", **UNHEDGED},
        {"stop_at": "15:00"},
        {"auto_entry": True, "entry_price": 0, "target_spread": 10, "spread": 4},
    ],
)
def test_what_weakens_nothing_is_not_named(changes: dict[str, Any]) -> None:
    """The paper exchange is open at any hour; delivery is not squared off; an unknown centre can't be judged."""
    assert cautions(hedged(**changes)) == ()


@pytest.mark.parametrize("product", ["CNC", "NRML"])
def test_delivery_that_has_nothing_to_sell_is_told_before_its_first_fill(product: str) -> None:
    """xts.md 7.4: without holdings the broker rejects every hedge of a BUY entry, and the position stays naked."""
    entries, hedges = cautions(hedged(product_type=product, steps=5))
    assert "SELL entries sell 500 IRFC out of the Trade account" in entries
    assert "the hedges of BUY entries sell 250 SBIN out of the Downside OCO account" in hedges
    assert "rejects every hedge" in hedges


@pytest.mark.parametrize(
    ("trade_type", "count"), [("buyocots", 1), ("sellocots", 1), ("buyts", 0), ("sellts", 1), ("gridocots", 2)]
)
def test_delivery_has_to_hold_only_what_it_sells_first(trade_type: str, count: int) -> None:
    """A BUY entry without a hedge sells what it has bought; the hedge of a SELL entry buys."""
    changes = {} if "oco" in trade_type else UNHEDGED
    assert len(cautions(hedged(product_type="CNC", trade_type=trade_type, **changes))) == count


def test_hedge_beyond_a_days_move_is_said() -> None:
    """Behaviour 19: a hedge 20 % away from TokenB's price hardly ever triggers on the same day."""
    (sentence,) = hedge_cautions(hedged(oco_spread=24).identity(), Decimal(120))
    assert "--oco-spread 24" in sentence
    assert "20 %" in sentence
    assert hedge_cautions(hedged(oco_spread="23.9").identity(), Decimal(120)) == ()


@pytest.mark.parametrize(("quantity_b", "says"), [(1, True), (4, True), (5, False), (420, True), (410, False)])
def test_hedge_that_is_worth_little_or_far_more_is_said(quantity_b: int, says: bool) -> None:  # noqa: FBT001  # a table's column
    """Behaviour 19: one share of TokenB against a hundred of TokenA hedges nothing; rupees stand in the sentence."""
    found = hedge_cautions(hedged(token_b_quantity=quantity_b).identity(), Decimal(120))
    assert bool(found) == says
    if says:
        assert f"{quantity_b * 120:.2f}" in found[0]
        assert "5000.00" in found[0]
