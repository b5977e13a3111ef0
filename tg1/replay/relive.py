"""Lives a recorded run again: the bot as it ships, cycle by cycle at the recorded instants and prices.

What the market did is the record's prices on the paper exchange's matching core. What went wrong on the wires does not
happen again: every book is read, every order arrives. So what differs from the record is what that cost.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tg1.errors import BrokerRefused, InvariantBroken, Tg1Error
from tg1.models import OrderType, Quote
from tg1.paper.quirks import Quirks
from tg1.record.broker import NotingBroker
from tg1.record.engine import LookedEngine
from tg1.record.recorder import SeenCycle, cycle_of
from tg1.record.settings import config_of
from tg1.replay.broker import ReplayBroker
from tg1.replay.clock import VirtualClock
from tg1.replay.days import FOLDER, Replay, Rig
from tg1.replay.market import MICRO
from tg1.replay.script import ACK_US, script_of
from tg1.rules.client_ids import bot_tag
from tg1.rules.hours import TradingCalendar
from tg1.state import StateManager

if TYPE_CHECKING:
    from datetime import date

    from tg1.config import GridOcoConfig
    from tg1.errors import ExitCode
    from tg1.models import BotState, BrokerOrder, LegOrder, OpenOrder
    from tg1.record.reading import Run
    from tg1.record.values import Cycle
    from tg1.replay.market import Market
    from tg1.replay.script import Script, Step

DELAY_SECS = ACK_US / MICRO
"""From an order or a cancel to what the exchange made of it (xts.md 10: tens to hundreds of milliseconds)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relived:
    """What the bot did when it lived a run again."""

    cycles: tuple[Cycle, ...]
    """As a record would have them."""
    end: str
    """How the bot ended."""


def relived(run: Run, day: date) -> Relived:
    """Live a run that has at least one cycle again. Raises `ConfigError` for settings that this TG1 does not know."""
    config = config_of(run.begun.settings, run.begun.accounts)
    script = script_of(run, day)
    ticks = tuple(run.begun.tick_sizes.values())
    rig = Rig(ticks=(ticks[0], ticks[1] if len(ticks) > 1 else None))
    return _Stage(config, script, Replay(config, rig, script.tape, None)).play(run.begun.state)


class _Now:
    """The step that is being lived."""

    def __init__(self, market: Market, step: Step) -> None:
        self.market = market
        self.step = step
        self.calls: list[int] = []

    def begin(self, step: Step) -> None:
        """The books of this cycle are there."""
        self.step, self.calls = step, list(step.calls)
        self.market.advance(step.read_at)

    def look(self) -> None:
        """The moment of this cycle is there."""
        self.market.advance(self.step.at)

    def call(self) -> None:
        """An order call takes what it took."""
        if self.calls:
            self.market.advance(self.calls.pop(0))


class _Feed:
    """`PriceFeed` of what the recorded engine saw."""

    def __init__(self, now: _Now, symbol_a: str) -> None:
        self._now = now
        self._symbol_a = symbol_a

    def start(self, symbols: object) -> None:
        """Prices are there already."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def quote(self, symbol: str) -> Quote | None:
        """The price as it was seen; None when it was stale."""
        self._now.look()
        step = self._now.step
        price = step.price_a if symbol == self._symbol_a else step.price_b
        return None if price is None else Quote(symbol=symbol, price=price, age_secs=0.0, fresh=True)

    def fault(self) -> str:
        """The record tells no more of it."""
        return "it was stale when the day was recorded"


class _Broker(ReplayBroker):
    """Accounts whose books are there and whose calls are answered when they were."""

    now: _Now

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:  # noqa: ARG002  # part of `Broker`
        """The account's day."""
        self._market.exchange.step(self._market.now())
        return self._current_rows(account)

    def _pace(self, account: str) -> None:  # noqa: ARG002  # the recorded calls were paced
        self.now.call()
        self.actions += 1


class _Engine(LookedEngine):
    """The engine as it ships, from its first cycle on."""

    def begin(self, state: BotState) -> None:
        """Stand where the recorded bot stood."""
        self.store.state = state
        self._has_state = True

    def cycle(self) -> ExitCode | None:
        """One cycle."""
        return self._poll_cycle()

    def end(self) -> ExitCode:
        """The run was over."""
        return self._stopped_by_signal()


class _Stage:
    """The bot and its market."""

    def __init__(self, config: GridOcoConfig, script: Script, replay: Replay) -> None:
        self._script = script
        self._market = replay.market
        replay.exchange.quirks = Quirks(ack_delay_secs=DELAY_SECS, cancel_delay_secs=DELAY_SECS)
        self._exchange = replay.exchange
        day = script.tape.day
        self._market.begin(script.tape, (datetime.min + timedelta(microseconds=script.begins_at)).time(), 0)  # noqa: DTZ901  # a time of day
        self._clock = VirtualClock(self._market)
        self._broker = _Broker(
            market=self._market,
            clock=self._clock,
            accounts=replay.accounts,
            instruments=replay.instruments,
            product_type=config.product_type,
        )
        self._broker.now = self._now = _Now(self._market, script.steps[0])
        self._noting = NotingBroker(self._broker, self._clock.monotonic, bot_tag(config.bot_name))
        self._engine = _Engine(
            config=config,
            client=self._noting,
            feed=_Feed(self._now, config.token_a_symbol),
            state=StateManager(replay.files, FOLDER, config.bot_name),
            clock=self._clock,
            calendar=TradingCalendar(trading_days=frozenset({day})),
        )

    def play(self, state: BotState) -> Relived:
        """Every step, as long as the bot goes on."""
        self._engine.begin(self._with_orders(copy.deepcopy(state)))
        cycles: list[Cycle] = []
        for step in self._script.steps:
            self._now.begin(step)
            code, end = self._lived()
            cycles.append(self._noted())
            if code is not None:
                break
        else:
            self._engine.end()
            end = ""
        return Relived(cycles=tuple(cycles), end=end or str(self._engine.store.state.bot_status))

    def _lived(self) -> tuple[ExitCode | None, str]:
        """The exit code of a bot that ended with this cycle, and why it was refused if it was."""
        try:
            return self._engine.cycle(), ""
        except Tg1Error as exc:
            return exc.exit_code, str(exc)

    def _noted(self) -> Cycle:
        moment = self._engine.moment
        if moment is None:
            raise InvariantBroken("a cycle of a replay has looked at no moment")
        return cycle_of(SeenCycle(moment=moment, noted=self._noting.take()), str)

    # -- what worked already when the run began ------------------------------------------------------------------------

    def _with_orders(self, state: BotState) -> BotState:
        for uuid, level in state.levels.items():
            state.levels[uuid] = replace(
                level, order=self._sent(level, level.order), oco_order=self._sent(level, level.oco_order)
            )
        return state

    def _sent(self, level: OpenOrder, leg: LegOrder | None) -> LegOrder | None:
        """The order at this exchange, with what it had filled; one that nobody knows of stays in doubt."""
        if leg is None or leg.order_id is None:
            return leg
        account = self._broker.account_of(leg.role, level.trade_side)
        try:
            number = self._broker.place_order(account, self._as_it_works(leg))
        except BrokerRefused:
            return replace(leg, order_id=None)
        self._clock.pass_secs(2 * DELAY_SECS)
        order = self._exchange.orders[int(number)]
        if 0 < leg.filled_quantity < order.leaves:
            average = leg.filled_value / leg.filled_quantity
            self._exchange.fill(int(number), leg.filled_quantity, average, self._market.now())
        if leg.cancel_sent:
            self._broker.cancel_order(account, number, leg.client_id)
        return replace(leg, order_id=number)

    def _as_it_works(self, leg: LegOrder) -> LegOrder:
        """A stop that was triggered is a limit order by now, and would be refused as a stop."""
        last = self._exchange.prices.get(leg.symbol)
        if leg.trigger_price is None or last is None or (last - leg.trigger_price) * leg.side.sign < 0:
            return leg
        return replace(leg, order_type=OrderType.LIMIT, trigger_price=None)
