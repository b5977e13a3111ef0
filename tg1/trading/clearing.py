"""Cancels what has no point any more while the bot trades on (architecture 9, 10; behaviour 3.4, 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.rules import decide
from tg1.trading.pausing import follow_wishes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tg1.rules.given import Moment
    from tg1.trading.parts import Parts
    from tg1.trading.strangers import Orphan


def clear_up(parts: Parts, orphans: Iterable[Orphan], moment: Moment) -> None:
    """Everything that is to be cancelled while the bot trades on."""
    cancel_superfluous(parts, orphans, moment)
    cut_partial_entries(parts, moment)
    follow_wishes(parts, moment)


def cancel_superfluous(parts: Parts, orphans: Iterable[Orphan], moment: Moment) -> None:
    """Cancel what the other leg's fill made pointless, and working orders that belong to no level."""
    for level in decide.superfluous_orders(parts.state.levels.values()):
        order = level.order if level.oco_filled else level.oco_order
        if order is not None:
            parts.desk.cancel(level, order, "the other leg filled", moment)
    for orphan in orphans:
        parts.desk.request_cancel(orphan.account, orphan.order_id, orphan.client_id, "belongs to no level", moment)


def cut_partial_entries(parts: Parts, moment: Moment) -> None:
    """Give up the rest of an entry that filled in part: the part waits for its target and hedge."""
    for level in decide.entries_to_cut(parts.state.levels.values(), moment):
        if level.order is not None:
            parts.desk.cancel(level, level.order, "partly filled, and its rest is not coming", moment)
