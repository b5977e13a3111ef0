"""What is known of a bot before the first cycle of this life: by its saved state, else by its last snapshot. PURE.

A start that waits, or is refused, knows no less than what was known before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.models import Quote, StatusKind
from tg1.rules.last_prices import known_quotes
from tg1.rules.ledger import Meter
from tg1.rules.positions import statement
from tg1.screen.view import view_of

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.models import BotState
    from tg1.rules.charges import Plans
    from tg1.rules.ledger import AccountOf
    from tg1.told.portrait import Around, Portrait
    from tg1.told.snapshot import Snapshot

DIED = "its process was gone without a word"


class Prior:
    """Makes snapshots without a cycle. `last` is the bot's last snapshot, None without one."""

    def __init__(self, blank: Snapshot, last: Snapshot | None, portrait: Portrait, plans: Plans) -> None:
        self._blank = blank if last is None else _carried(blank, last)
        self._last = last
        self._portrait = portrait
        self._meter = Meter(plans)

    def told(self, around: Around, waits_for: str, state: BotState | None, account_of: AccountOf) -> Snapshot:
        """What can be told now; `state` is the one that was saved, None without one that can be read."""
        base = self._blank
        if state is not None:
            base = self.of_state(state, around, account_of)
        return replace(
            base,
            written_at=around.now,
            written_boot_secs=around.boot_secs,
            phase=around.phase,
            waits_for=waits_for,
            session_ends_at=around.session_ends_at,
            # An order lives for a day (behaviour 9.5).
            orders=base.orders if base.trading_day == around.now.date() else (),
            accounts=around.accounts,
            feed=around.feed,
            saves=around.saves,
        )

    def of_state(self, state: BotState, around: Around, account_of: AccountOf) -> Snapshot:
        """A state at the last prices that it has kept, or that were told."""
        quotes = self._newer(known_quotes(state, (), around.now), around.now)
        charges = self._meter.so_far(state, account_of)
        money = statement(state, quotes=quotes, account_of=account_of, charges=charges)
        drawn = self._portrait.of(view_of(state, money, now=around.now, cycle=0), state, around)
        grid = state.grid
        return replace(
            drawn,
            trade_type=grid.trade_type,
            product_type=grid.product_type,
            token_a=grid.token_a_symbol,
            token_b=grid.token_b_symbol if grid.trade_type.has_oco else "",
            held_at=self._blank.held_at,
            earlier=self._blank.earlier,
        )

    def _newer(self, kept: list[Quote], now: datetime) -> list[Quote]:
        """A state keeps its prices for minutes, and a snapshot is of the last second."""
        known = {quote.symbol: quote for quote in kept}
        told = [] if self._last is None else _quotes(self._last, now)
        known |= {
            one.symbol: one for one in told if one.symbol not in known or one.age_secs < known[one.symbol].age_secs
        }
        return list(known.values())


def _quotes(last: Snapshot, now: datetime) -> list[Quote]:
    elapsed_secs = max(0.0, (now - last.written_at).total_seconds())
    return [
        Quote(symbol=one.symbol, price=one.price, age_secs=(one.age_secs or 0.0) + elapsed_secs, fresh=False)
        for one in last.prices
        if one.price is not None
    ]


def _carried(blank: Snapshot, last: Snapshot) -> Snapshot:
    """What the last snapshot knew, in this life's name."""
    return replace(
        blank,
        status=last.status,
        trading_day=last.trading_day,
        centre=last.centre,
        steps=last.steps,
        levels=last.levels,
        orders=last.orders,
        bought_quantity=last.bought_quantity,
        sold_quantity=last.sold_quantity,
        max_quantity=last.max_quantity,
        max_quantity_reached=last.max_quantity_reached,
        hedged_buys=last.hedged_buys,
        hedged_sells=last.hedged_sells,
        paused=last.paused,
        pause_seen=last.pause_seen,
        money=None if last.money is None else replace(last.money, is_current=False),
        positions=last.positions,
        attention=last.attention,
        losing=last.losing,
        held_at=_known_at(last),
        earlier=_how_it_ended(last),
    )


def _known_at(last: Snapshot) -> datetime | None:
    if last.money is None:
        return None
    return last.held_at or last.written_at


def _how_it_ended(last: Snapshot) -> str:
    """What the next start must not hide: a death, and an end with something left."""
    if last.end is None:
        return _cut_off(last) or last.earlier or DIED
    if last.cycle == 0 and not last.stop:
        # A start that came to nothing changed nothing of what was before it.
        return last.earlier
    if last.status.kind is StatusKind.TERMINATED:
        # The state says that for good, and what was left.
        return ""
    return last.end.why if last.end.exit_code else ""


def _cut_off(last: Snapshot) -> str:
    return cut_off(last.stop) if last.stop else ""


def cut_off(command: str) -> str:
    """What a stop that died midway leaves to the operator."""
    return f"an emergency stop of it was cut off before its end; type it again: {command}"
