"""What must hold of positions and of sight: the trader's money, by the exchange's truth (behaviour 4.4, 6.3, 7.4).

`Checker` asks these after every cycle. Times are the market's own; a bot that polls every minute gets its minutes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulation import lived
from tg1.models import Role, StatusKind
from tg1.rules import client_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World
    from tg1.grid_engine import GridOcoEngine
    from tg1.models import BotState, BrokerOrder, LegOrder, OpenOrder
    from tg1.paper.orders import PaperOrder
    from tg1.xts.http import HttpRequest

HEDGED = "passed-hedge-is-filled-or-alarmed"
EXACT = "hedge-covers-what-is-open"
SIGHTED = "nothing-is-blind-in-silence"
BLANK = "no-order-onto-a-blank-book"
VALUED = "what-a-book-showed-is-what-is-booked"
ALARM_SECS = 5.0
"""Filled or alarmed so soon after TokenB passed the price, as far as the bot could look so soon."""
PAISE = Decimal("0.01")
GRACE_CYCLES = 4
SHRUNK_SECS = 60.0
"""Behaviour 6.3."""
UNREAD_SECS, UNSEEN_SECS = 30.0, 60.0
"""Behaviour 4.4."""


class MoneyChecker:
    """Remembers for how long something has been so."""

    def __init__(self, world: World, tag: str, fail: Callable[[str, str], None]) -> None:
        self._world = world
        self._tag = tag
        self._fail = fail
        self._passed: dict[str, float] = {}
        self._too_large: dict[str, tuple[int, float]] = {}
        """By level: what its target has sold so far, and since when its hedge asks for more than the rest needs."""
        self._good_read: dict[str, float] = {}
        self._not_shown: dict[str, float] = {}
        self._asked_at: dict[str, float] = {}
        """When the bot looked at an account's book last."""
        self._blank: dict[str, bool] = {}
        self._shown_here: set[str] = set()
        """Accounts in whose books this process has been shown an order of ours today."""
        self._seen_now: dict[str, bool] = {}
        """Whether the last look at an account's book saw something."""
        self._cycle_ended = world.mono
        self.values = ValueChecker(world, fail)

    def attach(self) -> None:
        """A new process has started: its waits begin anew (behaviour 7.4)."""
        self._passed.clear()
        self._too_large.clear()
        self._good_read.clear()
        self._not_shown.clear()
        self._asked_at.clear()
        self._blank.clear()
        self._shown_here.clear()
        self.values.shown.clear()
        self._cycle_ended = self._world.mono

    # -- the wire ------------------------------------------------------------------------------------------------------

    def on_placement(self, account: str, request: HttpRequest) -> None:
        """No entry and no hedge goes onto a book that the bot has just been shown blank."""
        named = client_ids.parse_client_id(str((request.json_body or {})["orderUniqueIdentifier"]))
        if (
            named is not None
            and named.role in (Role.ENTRY, Role.OCO)
            and self._blank.get(account)
            and account in self._shown_here
        ):
            self._fail(BLANK, f"{named} is placed although account {account} showed a blank book")

    def on_book(self, account: str, shown: frozenset[str] | None) -> None:
        """The bot is being shown an account's book: the client ids in it, or None when it can't be read."""
        now = self._world.mono
        orders = [order for order in self._todays(account) if self._is_accepted(order)]
        self._blank[account] = shown is not None and not shown and bool(orders)
        self._seen_now[account] = shown is not None and not self._blank[account]
        if self._seen_now[account]:
            self._good_read[account] = now
        if shown is not None and any(client_id.startswith(self._tag) for client_id in shown):
            self._shown_here.add(account)
        passed, self._asked_at[account] = now - self._asked_at.get(account, now), now
        for order in orders:
            if shown is None:
                # What passes unread is the account's blindness, which has its own limit.
                if order.client_id in self._not_shown:
                    self._not_shown[order.client_id] += passed
            elif order.client_id in shown:
                self._not_shown.pop(order.client_id, None)
            else:
                self._not_shown.setdefault(order.client_id, now)

    def _todays(self, account: str) -> list[PaperOrder]:
        exchange = self._world.exchange
        numbers = exchange.accounts.by_name[account].day_orders
        return [order for number in numbers if (order := exchange.orders[number]).client_id.startswith(self._tag)]

    def _is_accepted(self, order: PaperOrder) -> bool:
        return order.client_id in self._world.street.accepted

    def is_unread(self, account: str) -> bool:
        """True when the bot could not read this account's book when it last looked."""
        return not self._seen_now.get(account, True)

    # -- after each cycle ----------------------------------------------------------------------------------------------

    def after_cycle(self, engine: GridOcoEngine, state: BotState) -> None:
        """Everything about positions and sight."""
        self._leave_out_sleep(engine.config.poll_interval)
        if state.bot_status.kind is not StatusKind.ACTIVE or engine._parts.save_failed:
            self._passed.clear()
            self._too_large.clear()
            return
        self.values.after_cycle(state)
        said = " ".join(item.key for item in state.attention)
        self._check_sight(engine, state, said)
        if state.grid.trade_type.has_oco:
            for level in state.levels.values():
                self._check_hedge(engine, level, said)
                self._check_exact(level, said)
                self._check_shrunk(engine, level, said)

    def _leave_out_sleep(self, poll_interval: float) -> None:
        """A machine that slept looked at nothing: its waits stood still, like the bot's own."""
        now = self._world.mono
        slept = now - self._cycle_ended
        self._cycle_ended = now
        if slept > GRACE_CYCLES * poll_interval + 30.0:
            self._passed.clear()
            self._too_large.clear()
            for waits in (self._good_read, self._not_shown):
                waits.update({key: min(now, since + slept) for key, since in waits.items()})

    def _check_sight(self, engine: GridOcoEngine, state: BotState, said: str) -> None:
        now, slack = self._world.mono, GRACE_CYCLES * engine.config.poll_interval + 30.0
        every = [(level, order) for level in state.levels.values() for order in level.orders]
        in_use = {engine.client.account_of(order.role, level.trade_side) for level, order in every}
        # A book in which nothing of ours works is not read, so it is not unseen either.
        self._good_read = {account: self._good_read.get(account, now) for account in in_use}
        for account, since in self._good_read.items():
            limit = UNSEEN_SECS if self._blank.get(account) else UNREAD_SECS
            if now - since > limit + slack and f"blind {account}" not in said:
                self._fail(SIGHTED, f"account {account} has not been seen for {now - since:.0f} s, and nobody is told")
        for _, order in every:
            # One in doubt may never have arrived; its account alone is held to be seen.
            since = now if order.in_doubt else self._not_shown.get(order.client_id, now)
            if now - since > UNSEEN_SECS + slack and order.client_id not in said and "blind" not in said:
                self._fail(SIGHTED, f"{order.client_id} has not been shown for {now - since:.0f} s, and nobody is told")

    def _check_hedge(self, engine: GridOcoEngine, level: OpenOrder, said: str) -> None:
        """A hedge whose price TokenB has passed is filled, or under alarm, in time."""
        world, price = self._world, level.oco_trade_price
        moment = engine._parts.seen
        account = engine.client.account_of(Role.OCO, level.trade_side)
        judged = moment is not None and moment.price_b is not None and self._seen_now.get(account, False)
        truth = world.exchange.prices[world.market.symbol_b]
        passed = price is not None and (price - truth) * level.oco_trade_direction.sign <= 0
        if not level.is_open or not passed or level.oco_traded.quantity >= level.token_b_quantity:
            self._passed.pop(level.uuid, None)
            return
        if not judged or (moment is not None and moment.price_b != truth):
            # Nobody could have known: the time does not count.
            self._passed.pop(level.uuid, None)
            return
        begun = self._passed.setdefault(level.uuid, world.mono)
        waited = world.mono - begun
        if waited > ALARM_SECS + GRACE_CYCLES * engine.config.poll_interval and f"unhedged {level.uuid}" not in said:
            self._fail(HEDGED, f"TokenB passed {price} of {level.uuid} {waited:.0f} s ago: neither filled nor alarmed")

    def _check_exact(self, level: OpenOrder, said: str) -> None:
        """To the share: no hedge order asks for more than what is open needs, unless the target is at work on it."""
        order = level.oco_order
        if order is None or not level.is_open or level.target_traded.quantity:
            return
        need = max(1, half_up(level.token_b_quantity * level.open_quantity, level.token_a_quantity))
        asked = level.oco_traded.quantity + order.remaining
        if asked > need and "excess" not in said:
            self._fail(EXACT, f"{level.uuid}: {asked} TokenB asked or held for a need of {need}")
        if asked < need and not order.cancel_sent and order.acknowledged:
            self._fail(EXACT, f"{level.uuid}: {asked} TokenB cover a need of {need}")

    def _check_shrunk(self, engine: GridOcoEngine, level: OpenOrder, said: str) -> None:
        """A minute after the target's last sale of a part the hedge asks for no more than the rest needs."""
        order, sold, now = level.oco_order, level.target_traded.quantity, self._world.mono
        moment = engine._parts.seen
        account = engine.client.account_of(Role.OCO, level.trade_side)
        # One that has begun to fill is never moved; without price or book nobody may move one (behaviour 6.3, 10.2).
        could_act = moment is not None and moment.price_b is not None and self._seen_now.get(account, False)
        is_at_rest = order is not None and order.acknowledged and not order.cancel_sent and not order.filled_quantity
        need = max(1, half_up(level.token_b_quantity * level.open_quantity, level.token_a_quantity))
        if not (sold and level.is_open and could_act and order is not None and is_at_rest) or order.quantity <= need:
            self._too_large.pop(level.uuid, None)
            return
        before, since = self._too_large.get(level.uuid, (sold, now))
        since = since if before == sold else now
        self._too_large[level.uuid] = (sold, since)
        limit = SHRUNK_SECS + GRACE_CYCLES * engine.config.poll_interval
        if now - since > limit and "excess" not in said:
            self._fail(
                EXACT, f"{level.uuid}: {order.quantity} TokenB rest for a need of {need} since {now - since:.0f} s"
            )


class ValueChecker:
    """Rupees of working orders: an order's value is its shares at the average that its book shows (behaviour 5.1)."""

    def __init__(self, world: World, fail: Callable[[str, str], None]) -> None:
        self._world = world
        self._fail = fail
        self.shown: dict[str, tuple[int, Decimal]] = {}
        """By client id: shares and rupees of what the last book showed with an average."""
        self._without: set[str] = set()
        """Client ids whose fills were shown without one."""

    def on_book(self, account: str, rows: tuple[BrokerOrder, ...]) -> None:
        """The bot is being shown these rows."""
        orders = self._world.exchange.orders
        for row in rows:
            self.shown.pop(row.client_id, None)
            order = orders.get(int(row.order_id or 0))
            if not row.filled_quantity or order is None or order.account != account:
                continue
            if row.average_price is None:
                self._without.add(row.client_id)
            elif row.filled_quantity == order.cumulative:
                self.shown[row.client_id] = (order.cumulative, order.traded_value)

    def after_cycle(self, state: BotState) -> None:
        """What was shown has been booked, in rupees as in shares."""
        for level in state.levels.values():
            for order in level.orders:
                filled, value = self.shown.get(order.client_id, (0, Decimal(0)))
                if filled and filled == order.filled_quantity:
                    self._world.street.lived[lived.CORRECTED] += order.client_id in self._without
                    self._without.discard(order.client_id)
                    self._compare(level, order, value)

    def _compare(self, level: OpenOrder, order: LegOrder, value: Decimal) -> None:
        traded = {Role.ENTRY: level.entry_traded, Role.TARGET: level.target_traded, Role.OCO: level.oco_traded}
        of_level, filled = traded[order.role], order.filled_quantity
        if abs(order.filled_value - value) > PAISE * filled:
            self._fail(VALUED, f"{filled} of {order.client_id} are booked at {order.filled_value}, filled for {value}")
        if of_level.quantity == filled and abs(of_level.value - value) > PAISE * filled:
            self._fail(VALUED, f"{level.uuid} has booked {of_level.value} for {filled} shares, filled for {value}")


def half_up(numerator: int, denominator: int) -> int:
    """The quotient, a half rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)
