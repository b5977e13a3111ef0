"""Values that would switch a protection off are refused, or at least said (behaviour 19)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.states import HEDGED
from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.settings.checks import check_hedge_price


def refusal(given: frozenset[str] | None = None, **changes: Any) -> str:
    """The sentence with which a hedged bot with these changes is refused."""
    with pytest.raises(ConfigError) as caught:
        GridOcoConfig(**{**HEDGED, **changes}).validate(given)
    return str(caught.value)


def accepts(given: frozenset[str] | None = None, **changes: Any) -> None:
    """A hedged bot with these changes is valid."""
    GridOcoConfig(**{**HEDGED, **changes}).validate(given)


@pytest.mark.parametrize(("steps", "count"), [(5, 6), (2, 3), (1, 2)])
def test_stop_count_that_no_side_can_reach_is_refused(steps: int, count: int) -> None:
    """Behaviour 19: a side has no more hedges than levels, so such a count never ends the bot."""
    sentence = refusal(frozenset({"oco_stop_count"}), steps=steps, oco_stop_count=count)
    assert f"--oco-stop-count {count}" in sentence
    assert f"--steps {steps}" in sentence
    accepts(frozenset({"oco_stop_count"}), steps=steps, oco_stop_count=steps)


def test_hedge_limit_without_room_is_refused() -> None:
    """Behaviour 6.1, 19: a limit at the trigger is missed by the first tick beyond it."""
    assert "--oco-limit-offset 0" in refusal(oco_limit_offset=0)
    accepts(oco_limit_offset="0.01")


def test_offset_without_a_stop_limit_is_refused() -> None:
    """Behaviour 6.2, 18: a plain limit has no offset, and a flag without effect is refused."""
    assert "--oco-limit-offset" in refusal(oco_order_type="limit", oco_limit_offset=1)
    accepts(oco_order_type="limit")


def test_hedged_bot_that_looks_too_seldom_is_refused() -> None:
    """Behaviour 10.1, 19: beyond 10 s it would judge hedges on prices that it calls stale itself."""
    assert "--poll-interval 10.5" in refusal(poll_interval=10.5)
    accepts(poll_interval=10)
    plain = {name: value for name, value in HEDGED.items() if name not in {"token_b_symbol", "oco_spread"}}
    GridOcoConfig(**{**plain, "token_b_quantity": 0, "trade_type": "buyts", "poll_interval": 60}).validate()


@pytest.mark.parametrize("trade_type", ["buyocots", "gridocots"])
def test_target_a_whole_price_away_is_refused(trade_type: str) -> None:
    """Behaviour 19: TokenA would have to double before a profit is taken."""
    assert "--target-spread 50" in refusal(trade_type=trade_type, target_spread=50)


@pytest.mark.parametrize("trade_type", ["buyocots", "sellocots", "gridocots"])
@pytest.mark.parametrize("spread", ["150", "120"])
def test_oco_spread_that_reaches_token_b_is_refused(trade_type: str, spread: str) -> None:
    """Behaviour 19: with 150 on a TokenB of 120 rupees a position was "hedged" at one paisa."""
    grid = GridOcoConfig(**{**HEDGED, "trade_type": trade_type, "oco_spread": spread}).identity()
    with pytest.raises(ConfigError, match=rf"--oco-spread {spread} .*SBIN.*120\.00"):
        check_hedge_price(grid, Decimal(120), Decimal("0.05"))


def test_oco_spread_below_token_b_is_accepted() -> None:
    """Behaviour 19: any price above 0 is one that TokenB can reach."""
    grid = GridOcoConfig(**{**HEDGED, "oco_spread": "119.95"}).identity()
    check_hedge_price(grid, Decimal(120), Decimal("0.05"))


def test_oco_spread_within_a_tick_is_refused() -> None:
    """Behaviour 19: rounded to the tick the hedge would stand at TokenB's price, and every entry be hedged at once."""
    grid = GridOcoConfig(**{**HEDGED, "oco_spread": "0.02"}).identity()
    with pytest.raises(ConfigError, match=r"--oco-spread 0\.02 .*tick of 0\.05"):
        check_hedge_price(grid, Decimal("120.50"), Decimal("0.05"))
    check_hedge_price(grid, Decimal("120.50"), Decimal("0.01"))
