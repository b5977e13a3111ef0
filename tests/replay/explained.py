"""Judges whether rules and prices account for every order of a journal.

Nothing of TG1 is used: the prices are read from the text of the file, the rules are written down here as literals.
A replay without latency is judged, of a hedged grid with the default flags beside those of `Grid`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.replay.journal import orders_of

if TYPE_CHECKING:
    from tests.replay.file_prices import Market, Shown
    from tests.replay.journal import Order, Row

SOON = 2.0
"""Seconds: a cycle, and the calls of a busy one."""
OPEN, STOP = 33_300.0, 54_000.0
"""09:15, and 15:00 where an MIS bot cancels its orders (behaviour 12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What a replay was asked for."""

    a: str
    b: str
    spread: Decimal
    target: Decimal
    oco: Decimal
    steps: int
    qty_a: int
    qty_b: int
    tick_a: Decimal = Decimal("0.05")
    tick_b: Decimal = Decimal("0.05")
    through: bool = False

    def tick(self, symbol: str) -> Decimal:
        """Of either share."""
        return self.tick_a if symbol == self.a else self.tick_b


def unexplained(rows: list[Row], market: Market, grid: Grid) -> list[str]:
    """A sentence for everything that rules and prices don't account for; none when all is well."""
    complaints: list[str] = []
    seen: dict[str, date] = {}
    for day, orders in orders_of(rows).items():
        judge = Judge(grid=grid, tapes=market[day], orders=orders)
        judge.all()
        complaints += [f"{day} {each}" for each in judge.complaints]
        for each in (order.client_id for order in orders if order.client_id):
            # A book spans a day; a grid that begins at the same time every morning has the same ids after 27.
            if (date.fromisoformat(day) - seen.get(each, date.min)).days < 27:
                complaints.append(f"{day} {each} was used twice")
            seen[each] = date.fromisoformat(day)
    return complaints


@dataclass(slots=True, kw_only=True)
class Judge:
    """One day."""

    grid: Grid
    tapes: dict[str, Shown]
    orders: list[Order]
    complaints: list[str] = field(default_factory=list)

    def all(self) -> None:
        """Every order, every level, and both directions of hedges."""
        for order in self.orders:
            self._market(order)
            self._kind(order)
        by_place: dict[str, list[Order]] = defaultdict(list)
        for order in self.orders:
            if order.client_id:
                by_place[order.place].append(order)
        self._centre([order for order in self.orders if order.role == "E"])
        for orders in by_place.values():
            self._level(orders)
        for half, side in (("U", "BUY"), ("D", "SELL")):
            hedges = [order for order in self.orders if order.role == "O" and order.side == side]
            self._bracket(hedges)
            self._covered(half, hedges)

    @property
    def over(self) -> float:
        """When the bot began to end: entries are cancelled then, and only then."""
        return min((o.ended for o in self.orders if o.role == "E" and o.status == "Cancelled"), default=STOP)

    def need(self, order: Order, what: str, *, holds: bool) -> None:
        """Complain unless it holds."""
        if not holds:
            self.complaints.append(f"{order}: {what}")

    # -- an order and the market ---------------------------------------------------------------------------------------

    def _market(self, order: Order) -> None:
        """It filled when a price of the file did that, at that price or its own, and else never."""
        self.need(order, "is not over", holds=order.status in ("Filled", "Cancelled"))
        self.need(order, "filled in part", holds=order.filled == (order.quantity if order.is_filled else 0))
        tape = self.tapes[order.symbol]
        if not order.client_id:
            self.need(order, "is not at the last price", holds=order.price == tape.at(order.ended))
            return
        works = self._works_from(order)
        beyond = self.grid.tick(order.symbol) if self.grid.through else Decimal(0)
        if order.is_filled:
            last = tape.at(order.ended)
            arrived = order.ended in (order.placed, works)
            price = order.limit if self.grid.through and not arrived else last
            self.need(order, f"was not reached by {last}", holds=order.reaches(last, beyond) and works is not None)
            self.need(order, f"filled at {order.price}, not {price}", holds=order.price == price)
            self.need(order, "filled worse than its limit", holds=order.reaches(order.price))
        if works is not None:
            missed = [
                price
                for secs, price in tape.within(order.placed, order.ended)
                if secs >= works and order.reaches(price, beyond)
            ]
            self.need(order, f"rested although the price was {missed[:1]}", holds=not missed)

    def _works_from(self, order: Order) -> float | None:
        """When it was a limit order in the market; a stop waits for its trigger, perhaps for ever."""
        if not order.stop:
            return order.placed
        hit = (
            secs
            for secs, price in self.tapes[order.symbol].within(order.placed, order.ended, both=True)
            if order.sign * (price - order.stop) >= 0 and secs > order.placed
        )
        return next(hit, None)

    # -- an order and the grid -----------------------------------------------------------------------------------------

    def _kind(self, order: Order) -> None:
        """Account, symbol, side, quantity and hour of its role."""
        grid, up = self.grid, order.client_id[8:9] == "U"
        if not order.client_id:
            return
        account, symbol, quantity, side = {
            "E": ("trade", grid.a, grid.qty_a, "SELL" if up else "BUY"),
            "T": ("trade", grid.a, grid.qty_a, "BUY" if up else "SELL"),
            "O": ("upside_oco" if up else "downside_oco", grid.b, grid.qty_b, "BUY" if up else "SELL"),
        }[order.role]
        mine = (order.account, order.symbol, order.quantity, order.side) == (account, symbol, quantity, side)
        self.need(order, f"should be a {side} of {quantity} {symbol} on {account}", holds=mine)
        self.need(order, "outside the session", holds=OPEN <= order.placed < STOP and len(order.client_id) == 16)
        self.need(order, "is not on the tick", holds=order.limit % grid.tick(order.symbol) == 0)

    def _centre(self, entries: list[Order]) -> None:
        """All entries lie a whole number of spreads from one price, which the share had when the bot began."""
        if not entries:
            return
        centres = {each.limit + each.sign * int(each.client_id[9:11], 36) * self.grid.spread for each in entries}
        began = entries[0].placed
        tape = self.tapes[self.grid.a]
        known = {price for _, price in tape.within(began - 60, began, both=True)} | {tape.at(began)}
        near = [price for price in known if all(abs(price - centre) <= self.grid.tick_a / 2 for centre in centres)]
        self.need(entries[0], f"centres {sorted(centres)} are no price of the start", holds=bool(near))
        # Behaviour 2.2: in a cycle at most one new entry per direction.
        cycles = [(each.side, each.placed) for each in entries]
        self.need(entries[0], "has another entry of its side in its cycle", holds=len(cycles) == len(set(cycles)))
        deep = [each for each in entries if not 1 <= int(each.client_id[9:11], 36) <= self.grid.steps]
        self.need(entries[0], "has levels beyond its steps", holds=not deep)

    # -- a level's life ------------------------------------------------------------------------------------------------

    def _level(self, orders: list[Order]) -> None:
        """Entry, then target and hedge, then entry again; after a hedge nothing more."""
        rounds: list[list[Order]] = []
        for order in orders:
            if order.role == "E":
                rounds.append([])
            self.need(order, "has no entry before it", holds=bool(rounds))
            if rounds:
                rounds[-1].append(order)
        for number, one in enumerate(rounds):
            self._round(one, following=rounds[number + 1][0] if number + 1 < len(rounds) else None)

    def _round(self, orders: list[Order], following: Order | None) -> None:
        entry, rest = orders[0], orders[1:]
        targets, hedges = [o for o in rest if o.role == "T"], [o for o in rest if o.role == "O"]
        if not entry.is_filled:
            self.need(entry, "has orders after it and never filled", holds=not rest and following is None)
            self.need(entry, "was cancelled while the bot ran", holds=entry.ended >= self.over)
            return
        won, hedged = [o for o in targets if o.is_filled], [o for o in hedges if o.is_filled]
        if entry.ended < self.over - SOON:
            self.need(entry, "has no target at once", holds=bool(targets) and targets[0].placed - entry.ended <= SOON)
        self.need(entry, "was closed twice", holds=len(won) <= 1 and len(hedged) <= 1)
        for target in targets:
            away = entry.limit + entry.sign * self.grid.target
            self.need(target, f"belongs to {away}", holds=abs(target.limit - away) <= self.grid.tick_a / 2)
            if not target.is_filled and target.ended < self.over:
                at = hedged[0].ended if hedged else None
                self.need(target, "was given up", holds=at is not None and 0 <= target.ended - at <= SOON)
        for hedge in hedges:
            self._hedge(entry, hedge)
        if following is not None:
            self.need(following, "enters again without a target", holds=bool(won) and won[0].ended <= following.placed)
            self.need(following, "enters again after a hedge", holds=not hedged)

    def _hedge(self, entry: Order, hedge: Order) -> None:
        """At the OCO spread from TokenB's price of the moment in which the entry's fill was seen."""
        grid, tape = self.grid, self.tapes[self.grid.b]
        known = {tape.at(entry.ended)} | {p for _, p in tape.within(entry.ended, entry.ended + SOON, both=True)}
        wanted = [price + hedge.sign * grid.oco for price in known]
        offset = Decimal(1) + hedge.sign * Decimal("0.005")
        fits = [
            oco
            for oco in wanted
            if (not hedge.stop or abs(oco - hedge.stop) <= grid.tick_b / 2)
            and abs(oco * offset - hedge.limit) <= grid.tick_b
        ]
        self.need(hedge, f"belongs to one of {wanted[:3]}", holds=bool(fits))

    def _bracket(self, hedges: list[Order]) -> None:
        """At most two of a direction work at once, and one that is cancelled was in the way or not needed any more."""
        for hedge in hedges:
            beside = [o for o in hedges if o.placed <= hedge.placed < o.ended]
            self.need(hedge, f"works beside {len(beside) - 1} others", holds=len(beside) <= 2)
            if hedge.is_filled or hedge.ended >= self.over:
                continue
            mates = [o for o in self.orders if o.place == hedge.place and o.role == "T"]
            done = any(o.is_filled and 0 <= hedge.ended - o.ended <= SOON for o in mates)
            moved = any(0 <= o.placed - hedge.ended <= SOON and o is not hedge for o in hedges)
            self.need(hedge, "was given up", holds=done or moved)

    def _covered(self, half: str, hedges: list[Order]) -> None:
        """While a level of a half is open, some hedge of that half works, but for the moment in which it is placed."""
        needs: list[tuple[float, float]] = []
        for entry in (o for o in self.orders if o.role == "E" and o.is_filled and o.client_id[8] == half):
            closes = [
                o.ended
                for o in self.orders
                if o.place == entry.place and o.role in "TO" and o.is_filled and o.ended >= entry.ended
            ]
            needs.append((entry.ended, min([*closes, self.over])))
        for begin, end in needs:
            at = begin + SOON
            while at < end:
                over = max((o.ended for o in hedges if o.placed <= at < o.ended), default=None)
                if over is None:
                    nearest = min((o.placed for o in hedges if o.placed > at), default=end)
                    if nearest - at > SOON:
                        self.complaints.append(f"nothing hedges {half} from {at} to {nearest}")
                        break
                    over = nearest
                at = max(over, at + SOON)
