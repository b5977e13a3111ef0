"""Does the hedge hedge? Every hedge whose price TokenB passes, by the market's own time and the exchange's own truth.

Counted where a bot polls once a second. A pass begins when TokenB trades at or beyond the price of an open level's
hedge. It counts as met when the exchange filled what the level needs, or a person was told, within five seconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.models import Role, StatusKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World
    from tg1.grid_engine import GridOcoEngine
    from tg1.models import LegOrder, OpenOrder

WITHIN_SECS = 5.0
GOAL_PCT = 99.9
SLEPT_SECS = 10.0

FILLED = "filled within 5 s"
ALARMED = "under alarm within 5 s"
MET = (FILLED, ALARMED)

LATE = "neither within 5 s"
HUNG = "neither within 5 s: another account let the bot wait"
NO_DISK = "neither within 5 s: the state could not be saved"
MISSED = (LATE, HUNG, NO_DISK)

BLIND_PRICE = "left out: neither within 5 s, but the feed brought no price of TokenB"
UNREAD = "left out: the hedge's account did not answer"
SLEPT = "left out: the machine slept"
ENDED = "left out: the bot ended meanwhile"
BACK = "left out: TokenB came back within 5 s"
SOLD = "left out: the level's target filled within 5 s"
LEFT_OUT = (BLIND_PRICE, UNREAD, SLEPT, ENDED, BACK, SOLD)


def share(hedges: Counter[str]) -> float | None:
    """Percent of the hedges that count which were met; None when there was none.

    Without a price nobody can know that it was passed: such hedges are listed, and in the second figure of `rows`.
    """
    return _percent(hedges, MISSED)


def _percent(hedges: Counter[str], missed: tuple[str, ...]) -> float | None:
    met = sum(hedges[kind] for kind in MET)
    counted = met + sum(hedges[kind] for kind in missed)
    return 100 * met / counted if counted else None


def rows(hedges: Counter[str]) -> list[tuple[str, str]]:
    """The count as lines of a table: what was met, what was not and why, and what was left out."""
    counted = sum(hedges[kind] for kind in (*MET, *MISSED))
    told, with_feed = share(hedges), _percent(hedges, (*MISSED, BLIND_PRICE))
    return [
        ("hedges whose price TokenB passed (1 s polls)", f"{counted:,}"),
        *((f"  {kind}", f"{hedges[kind]:,}") for kind in (*MET, *MISSED, *LEFT_OUT)),
        (f"hedge effectiveness (goal {GOAL_PCT} %)", "none passed" if told is None else f"{told:.3f} %"),
        ("  with those that the feed kept from it", "none passed" if with_feed is None else f"{with_feed:.3f} %"),
    ]


@dataclass(slots=True)
class _Pass:
    """One hedge whose price TokenB has reached."""

    since: float
    excuses: set[str] = field(default_factory=set)
    is_judged: bool = False


class HedgeWatch:
    """Watches the hedges of one bot; `look` is to be called whenever the market moved or time passed."""

    def __init__(self, world: World, is_unread: Callable[[str], bool]) -> None:
        self._world = world
        self._is_unread = is_unread
        self._engine: GridOcoEngine | None = None
        self._passes: dict[str, _Pass] = {}
        self._looked_at = 0.0
        self._ids: dict[str, int] = {}
        self._indexed = 0
        self.hedges: Counter[str] = Counter()

    def attach(self, engine: GridOcoEngine | None) -> None:
        """A new process, or none any more."""
        for each in self._passes.values():
            self._judge(each, ENDED)
        self._passes.clear()
        watched = engine is not None and engine.config.poll_interval == 1.0 and engine.config.has_oco
        self._engine = engine if watched else None

    def look(self) -> None:
        """Judge the moment."""
        engine, now = self._engine, self._world.mono
        if engine is None or not engine._has_state or self._world.disk.dead:
            return
        state = engine._parts.state
        if state.bot_status.kind is not StatusKind.ACTIVE or engine._session.is_over(self._world.wall):
            self.attach(None)
            return
        slept = now - self._looked_at > SLEPT_SECS
        self._looked_at = now
        for uuid in self._passes.keys() - state.levels.keys():
            self._end(uuid, SOLD, now)
        for level in state.levels.values():
            self._look_at(engine, level, now, slept=slept)

    def _look_at(self, engine: GridOcoEngine, level: OpenOrder, now: float, *, slept: bool) -> None:
        begun = self._passes.get(level.uuid)
        needed = self._open_shares(level) if level.is_open and level.oco_trade_price is not None else 0
        if needed and self._hedged(level) >= _need(level, needed):
            self._end(level.uuid, FILLED, now)
        elif not needed:
            self._end(level.uuid, FILLED if level.oco_traded.quantity else SOLD, now)
        elif not self._is_passed(level):
            self._end(level.uuid, BACK, now)
        elif begun is None:
            self._passes[level.uuid] = _Pass(since=now)
        elif not begun.is_judged:
            begun.excuses |= self._excuses(engine, level, slept=slept)
            if _is_alarmed(engine, level.uuid):
                self._judge(begun, ALARMED if now - begun.since <= WITHIN_SECS else self._why_late(begun))
            elif now - begun.since > WITHIN_SECS:
                self._judge(begun, self._why_late(begun))

    def _excuses(self, engine: GridOcoEngine, level: OpenOrder, *, slept: bool) -> set[str]:
        feed = self._world.feed
        account = engine.client.account_of(Role.OCO, level.trade_side)
        hung = self._world.hanging_on
        found = {
            SLEPT: slept,
            UNREAD: self._is_unread(account) or hung == account,
            BLIND_PRICE: feed is None or not feed.connected or feed.mode != "normal",
            NO_DISK: engine._parts.save_failed,
            HUNG: hung not in ("", account),
        }
        return {why for why, holds in found.items() if holds}

    def _why_late(self, begun: _Pass) -> str:
        return next((why for why in (SLEPT, UNREAD, BLIND_PRICE, HUNG, NO_DISK) if why in begun.excuses), LATE)

    def _end(self, uuid: str, kind: str, now: float) -> None:
        begun = self._passes.pop(uuid, None)
        if begun is not None:
            self._judge(begun, kind if now - begun.since <= WITHIN_SECS else self._why_late(begun))

    def _judge(self, begun: _Pass, kind: str) -> None:
        if not begun.is_judged:
            begun.is_judged = True
            self.hedges[kind] += 1
            if kind in (*MISSED, BLIND_PRICE):
                self._world.note(f"HEDGE {kind}")

    # -- the exchange's truth ------------------------------------------------------------------------------------------

    def _is_passed(self, level: OpenOrder) -> bool:
        world, price = self._world, level.oco_trade_price
        last = world.exchange.prices[world.market.symbol_b]
        return price is not None and (price - last) * level.oco_trade_direction.sign <= 0

    def _open_shares(self, level: OpenOrder) -> int:
        return level.open_quantity - self._unbooked(level.order)

    def _hedged(self, level: OpenOrder) -> int:
        return level.oco_traded.quantity + self._unbooked(level.oco_order)

    def _unbooked(self, order: LegOrder | None) -> int:
        """Shares that the exchange filled and the state does not know yet."""
        if order is None:
            return 0
        orders = self._world.exchange.orders
        for number in list(orders)[self._indexed :]:
            self._ids[orders[number].client_id] = number
        self._indexed = len(orders)
        number = self._ids.get(order.client_id, 0)
        return orders[number].cumulative - order.filled_quantity if number else 0


def _is_alarmed(engine: GridOcoEngine, uuid: str) -> bool:
    said = engine._parts.state.attention
    return any(item.key == f"unhedged {uuid}" and "(over at" not in item.text for item in said)


def _need(level: OpenOrder, open_shares: int) -> int:
    return max(1, (2 * level.token_b_quantity * open_shares + level.token_a_quantity) // (2 * level.token_a_quantity))
