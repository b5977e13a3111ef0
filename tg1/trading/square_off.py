"""`--cancel-all --square-off`: closes what this bot holds, and nothing else (behaviour 13).

Closing orders are tagged, written down before they leave, and looked up like every other order. Each rests for two
seconds at most, then its rest is placed anew nearer to the market, for one minute in all.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerError, BrokerUnknown, SaveFailed
from tg1.models import ClosingOrder, LegOrder, OrderTerms, OrderType, Role, Side, TradeSide
from tg1.rules import grid, squaring
from tg1.rules.client_ids import ClientId, bot_tag
from tg1.screen.money import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from tg1.models import BrokerPosition
    from tg1.rules.given import Moment
    from tg1.rules.squaring import Place
    from tg1.trading.closing_orders import ClosingOrders
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)

REPRICE_SECS = 2.0
GIVE_UP_SECS = 60.0
LAST_WORD_SECS = 20.0
"""How long the cancels of the last closing orders may take to be confirmed."""
STEP_SECS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be closed, in signed shares, and why anything of ours is not."""

    targets: dict[Place, int]
    less: tuple[str, ...]
    """A sentence for each place of which the account shows less than the bot's own books."""

    def question(self, bot_name: str) -> str:
        """What the operator is asked before anything is closed."""
        what = ", ".join(
            f"{counted(abs(shares), 'share')} of {symbol} in {account}"
            for (account, symbol), shares in self.targets.items()
        )
        return f"type the bot's name ({bot_name}) to close {what}: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a square-off came to, as sentences."""

    closed: tuple[str, ...]
    left: tuple[str, ...]


class SquareOff:
    """One flattening of one bot, once the orders of an earlier one were settled.

    `price_of` gives a symbol's last price in an account, in rupees, or None.
    """

    def __init__(self, parts: Parts, orders: ClosingOrders, price_of: Callable[[str, str], Decimal | None]) -> None:
        self._parts = parts
        self._price_of = price_of
        self._orders = orders
        self._placed_at: dict[str, float] = {}

    def plan(self) -> Plan:
        """Compare the bot's own books with the broker's positions. Raises `BrokerError` when those can't be read."""
        parts = self._parts
        unheard = {(one.account, one.order.symbol): one.order for one in self._orders.live()}
        ours = squaring.held(parts.state, parts.client.account_of)
        accounts = {account for account, _ in ours} & set(parts.client.accounts)
        rows = {account: parts.client.positions(account) for account in sorted(accounts)}
        shares = {place: self._share(place, quantity, rows, unheard) for place, quantity in ours.items()}
        return Plan(
            targets={place: share for place, (share, _) in shares.items() if share},
            less=tuple(sentence for _, sentence in shares.values() if sentence),
        )

    def _share(
        self,
        place: Place,
        quantity: int,
        rows: Mapping[str, Iterable[BrokerPosition]],
        unheard: Mapping[Place, LegOrder],
    ) -> tuple[int, str]:
        """Signed shares of ours that may be closed in a place, and a sentence when these are not all."""
        account, symbol = place
        if account not in rows:
            return 0, f"no credentials were given for account {account}, which holds {quantity:+d} {symbol}"
        if place in unheard:
            return 0, (
                f"{quantity:+d} {symbol} in account {account}: closing order {_name(unheard[place])} of an earlier "
                "square-off never had its last word; compare the account's position and close it by hand"
            )
        product = self._parts.state.grid.product_type
        net = squaring.at_broker(rows[account], self._parts.client.instrument(symbol), product)
        share = 0 if net is None else squaring.closable(quantity, net)
        if share == quantity:
            return share, ""
        shows = "a position that can't be read" if net is None else f"{net:+d}"
        return share, (
            f"the bot's books hold {quantity:+d} {symbol} in account {account}, but its {product} positions "
            f"show {shows}: {abs(quantity - share)} are not closed by this"
        )

    def run(self, plan: Plan) -> Outcome:
        """Close the plan's targets; returns when they are closed or after a minute."""
        parts = self._parts
        begun = len(parts.state.closing)
        deadline = parts.clock.monotonic() + GIVE_UP_SECS
        told = parts.clock.stop_requested
        while True:
            moment = self._orders.look()
            left = self._left(plan, begun)
            live = self._orders.live(begun)
            if not live and (not left or moment.monotonic >= deadline):
                break
            if moment.monotonic >= deadline + LAST_WORD_SECS:
                break
            self._cancel_old(live, moment, everything=moment.monotonic >= deadline)
            if moment.monotonic < deadline:
                self._place(left, moment)
            if parts.clock.stop_requested and not told:
                told = True
                log.warning("A stop was asked for: closing goes on for a minute at most, then what is left is said")
            parts.clock.sleep_until(parts.clock.monotonic() + STEP_SECS)
        return self._outcome(plan, begun)

    def _left(self, plan: Plan, begun: int) -> dict[Place, int]:
        """Signed shares of the plan that this run has not closed yet."""
        left = dict(plan.targets)
        for one in self._parts.state.closing[begun:]:
            left[one.account, one.order.symbol] += one.order.side.sign * one.order.filled_quantity
        return {place: quantity for place, quantity in left.items() if quantity}

    # -- acting --------------------------------------------------------------------------------------------------------

    def _cancel_old(self, live: list[ClosingOrder], moment: Moment, *, everything: bool) -> None:
        for one in live:
            if everything or moment.monotonic - self._placed_at[one.order.client_id] >= REPRICE_SECS:
                self._orders.cancel(one, "nearer to the market", moment)

    def _place(self, left: dict[Place, int], moment: Moment) -> None:
        """One order for each place that has none: all intents with one save, then each request once."""
        parts = self._parts
        busy = {(one.account, one.order.symbol) for one in self._orders.live()}
        fresh: list[ClosingOrder] = []
        for place, quantity in left.items():
            if place not in busy and (
                one := self._order(place, quantity, len(parts.state.closing) + len(fresh) + 1, moment)
            ):
                fresh.append(one)
        if not fresh:
            return
        parts.state.closing += fresh
        try:
            parts.keeper.save(moment.now)
        except SaveFailed as exc:
            # Without the intent on disk no order leaves (behaviour 3.2, 9.2).
            del parts.state.closing[-len(fresh) :]
            self._orders.troubles |= {(one.account, one.order.symbol): str(exc) for one in fresh}
            return
        for one in fresh:
            self._send(one)
        parts.save(moment)

    def _order(self, place: Place, quantity: int, attempt: int, moment: Moment) -> ClosingOrder | None:
        parts = self._parts
        account, symbol = place
        last = self._price_of(account, symbol)
        if last is None:
            self._orders.troubles[place] = "no price is known"
            return None
        side = Side.SELL if quantity > 0 else Side.BUY
        terms = OrderTerms(
            symbol=symbol,
            side=side,
            quantity=abs(quantity),
            order_type=OrderType.LIMIT,
            limit_price=self._limit(place, side, last, parts.client.instrument(symbol).tick_size),
        )
        client_id = ClientId(
            tag=bot_tag(parts.state.bot_name),
            generation=parts.state.generation,
            trade_side=TradeSide.UPSIDE if side is Side.SELL else TradeSide.DOWNSIDE,
            level=0,
            role=Role.CLOSE,
            attempt=attempt,
        )
        return ClosingOrder(
            day=max(parts.state.trading_day, moment.now.date()),
            account=account,
            order=LegOrder.intent(terms, role=Role.CLOSE, client_id=str(client_id), placed_at=moment.now),
        )

    def _limit(self, place: Place, side: Side, last: Decimal, tick: Decimal) -> Decimal:
        """Beyond the last price; at it when the exchange has just rejected that: a band ends somewhere (xts.md 6.4)."""
        at_last, beyond = grid.to_tick(last, tick), squaring.marketable_limit(side, last, tick)
        for one in reversed(self._parts.state.closing):
            order = one.order
            if (one.account, order.symbol) == place and order.client_id in self._placed_at:
                was_rejected = order.order_id is not None and not order.cancel_sent
                return at_last if was_rejected and order.limit_price != at_last else beyond
        return beyond

    def _send(self, one: ClosingOrder) -> None:
        order, place = one.order, (one.account, one.order.symbol)
        what = f"{order.side} {order.quantity} {order.symbol} @ {order.limit_price:.2f} in account {one.account}"
        self._placed_at[order.client_id] = self._parts.clock.monotonic()
        try:
            order_id = self._parts.client.place_order(one.account, order)
        except BrokerUnknown as exc:
            log.warning("CLOSE in doubt: %s, looking it up in the book: %s", what, exc)
        except BrokerError as exc:
            log.warning("CLOSE not placed: %s: %s", what, exc)
            self._orders.troubles[place] = str(exc)
            self._orders.note(order, over=True)
        else:
            log.info("CLOSE placed: %s -> ID=%s", what, order_id)
            self._orders.note(replace(order, order_id=order_id))

    # -- telling -------------------------------------------------------------------------------------------------------

    def _outcome(self, plan: Plan, begun: int) -> Outcome:
        traded: defaultdict[Place, list[LegOrder]] = defaultdict(list)
        for one in self._parts.state.closing[begun:]:
            if one.order.filled_quantity:
                traded[one.account, one.order.symbol].append(one.order)
        closed = []
        for (account, symbol), orders in traded.items():
            shares = sum(order.filled_quantity for order in orders)
            value = sum(order.filled_value for order in orders)
            verb = "sold" if orders[0].side is Side.SELL else "bought back"
            closed.append(f"{verb} {shares} {symbol} in account {account} at {value / shares:.2f}")
        left = [
            f"{quantity:+d} {symbol} in account {account} are still held"
            + (f": {self._orders.troubles[account, symbol]}" if (account, symbol) in self._orders.troubles else "")
            for (account, symbol), quantity in self._left(plan, begun).items()
        ]
        live = self._orders.live(begun)
        working = [f"closing order {_name(one.order)} in account {one.account} has not ended" for one in live]
        return Outcome(closed=tuple(closed), left=(*left, *working, *plan.less))


def _name(order: LegOrder) -> str:
    return order.order_id or order.client_id
