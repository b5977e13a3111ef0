"""What the simulated days really had in them: counted where it took effect, not where it was drawn.

A kind of day that never comes proves nothing of the bot, however many days are lived. So the soak prints these counts,
and the tests ask for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.paper.orders import PaperStatus

if TYPE_CHECKING:
    from collections import Counter

    from tg1.paper.orders import OrderEvent
    from tg1.paper.quirks import Quirks

SECONDS = "cycles of a poll of one second"
LIMITED = "calls under the limits of the key"
TWO_BOTS = "days of two bots on one key"
TEN_BOTS = "days of ten bots on one key"
AT_TOUCH = "fills in part at the touch"
HALTED = "orders rejected in a halt of the market"
STRANGE_WORDS = "dead sessions in words that no list knows"
BLANK = "books without a row that must have one"
PARTIAL = "books that leave an order out"
GAP = "gaps at the open"
HEARTBEATS = "minutes of heartbeats without a tick"
SLEPT = "sleeps of the machine"
AUTO_ENTRY = "grids around the price of their start"
MORNING = "second mornings"
RESTORED = "starts with an older state file"
NO_AVERAGE = "books with a fill without an average"
ASKED_AGAIN = "cancels that had to be asked for again"
SWUNG = "hedges that their own bot cancelled five times"
"""Charged to the leg, they would pause it."""
INTERRUPTED = "square-offs that were killed on the way"

SLOW_BOOK = "books that were late for an order in doubt"
REFUSED_CANCEL = "cancels refused before the broker's own"
LATE_ORDER = "orders at work after their bot had given them up"
RATED_403 = "limits spoken under the status of a dead session"
NEW_TICKS = "mornings with other ticks"
COMPLETED = "mornings after a grid was completed"
CORRECTED = "values that a late average corrected"

RARE = frozenset({TEN_BOTS, COMPLETED})
"""One seed in fifty, and one in twenty: most grids enter again, and few of the others are completed in a day."""
KINDS = (
    SECONDS, LIMITED, TWO_BOTS, TEN_BOTS, AT_TOUCH, HALTED, STRANGE_WORDS, BLANK, PARTIAL, GAP, HEARTBEATS, SLEPT,
    AUTO_ENTRY, MORNING, RESTORED, NO_AVERAGE, ASKED_AGAIN, SWUNG, INTERRUPTED,
    SLOW_BOOK, REFUSED_CANCEL, LATE_ORDER, COMPLETED, CORRECTED, NEW_TICKS,
    RATED_403,
)  # fmt: skip


def missing(lived: Counter[str], *, but: frozenset[str] = frozenset()) -> list[str]:
    """The kinds that never came."""
    return [kind for kind in KINDS if kind not in but and not lived[kind]]


def note_order(lived: Counter[str], event: OrderEvent, quirks: Quirks, halt: str) -> None:
    """One event of the exchange; `halt` is the reason that a halted market gives."""
    order, execution = event.order, event.execution
    if execution is not None and order.leaves and quirks.touch_fill_pct < 100:
        lived[AT_TOUCH] += execution.price == order.terms.limit_price
    elif order.status is PaperStatus.REJECTED and order.reason == halt:
        lived[HALTED] += 1
