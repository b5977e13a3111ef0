"""Says what a bot's money is: the summary of every end and resume, and a grid that loses (behaviour 15)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.rules.grid import GridRow
from tg1.rules.round_trips import losing
from tg1.screen.money import summary

if TYPE_CHECKING:
    from datetime import date

    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)


def warn_of_loss(parts: Parts, today: date) -> None:
    """Say it when round trips of the grid lose money, and keep the headline for the screen (behaviour 15)."""
    grid = parts.state.grid
    rows = [
        GridRow(level=one.level, trade_side=one.trade_side, entry_price=one.entry_price, target_price=one.target_price)
        for one in parts.state.levels.values()
    ]
    found = losing(rows, grid, parts.plans.of("trade"), today)
    parts.losing = found.headline if found else ""
    if found:
        log.warning("%s", found.sentence)


def warn_of_unknown_charges(parts: Parts) -> None:
    """Say it when the state comes from a TG1 that did not reckon charges: the net is too high by what they were."""
    unknown = sum(1 for record in parts.state.order_history if record.charges is None)
    if unknown:
        log.warning("The charges of %d round trips were never reckoned (an earlier TG1): the net lacks them", unknown)


def say_money(parts: Parts) -> None:
    """Log the net, its parts and what every account holds, at the prices that were looked at last (behaviour 15)."""
    for line in summary(parts.statement()):
        log.info("%s", line)
