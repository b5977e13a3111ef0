"""What must hold after every step, judged against the exchange's own truth and the disk's own platter.

Each invariant has a short name; `tests/simulation/mutations.py` breaks the code once for each and sees it caught.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from tests.simulation import lived
from tests.simulation.effectiveness import HedgeWatch
from tests.simulation.money import BLANK, EXACT, HEDGED, SIGHTED, VALUED, MoneyChecker, half_up
from tests.simulation.street import ACCOUNTS
from tests.simulation.world import FOLDER, World
from tg1.models import ACTIVE, LevelState, OrderSide, OrderStatus, Role, TradeSide
from tg1.rules import client_ids
from tg1.store.codec import StateEncoder
from tg1.trading.settling import settle_doubts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tg1.grid_engine import GridOcoEngine
    from tg1.models import BotState, BrokerOrder, OpenOrder
    from tg1.paper.orders import PaperOrder
    from tg1.rules.client_ids import ClientId
    from tg1.xts.http import HttpRequest

ONE_PER_ROLE = "one-per-level-and-role"
KNOWN = "every-working-order-is-known"
INTENT_FIRST = "intent-on-disk-before-the-request"
ONE_ENTRY = "one-entry-per-direction-and-cycle"
TWO_OCOS = "two-ocos-per-direction"
COUNTERS = "counters-equal-fills"
COVERED = "every-position-has-target-and-hedge"
FOREIGN = "foreign-orders-untouched"
IDEMPOTENT = "second-reconciliation-changes-nothing"
NOTHING_LEFT = "nothing-works-after-the-end"
RATES = "request-rates"
ONCE = "every-client-id-once"
FLAT = "square-off-closes-its-own-and-no-more"
CANCELS = "no-cancel-is-repeated-every-second"
CHARGED = "a-leg-backs-off-only-for-what-its-broker-did"
CENTRED = "auto-entry-centres-on-a-price-of-its-own-start"
NOTED = "what-the-broker-ended-is-charged"
LAST_WORD = "the-last-word-stands-on-the-disk"
TOLD = "a-person-is-told-the-right-number"
JUSTIFIED = "no-end-on-an-account-that-is-unread"
LOGIN = "no-login-for-a-mere-rate-limit"
ON_TICK = "every-price-is-on-the-tick-of-its-day"
TRADES = "a-bot-of-a-new-day-trades"
ALL_INVARIANTS = (
    ONE_PER_ROLE, KNOWN, INTENT_FIRST, ONE_ENTRY, TWO_OCOS, COUNTERS, COVERED, FOREIGN, IDEMPOTENT, NOTHING_LEFT,
    RATES, ONCE, FLAT, CANCELS, CHARGED, CENTRED, HEDGED, EXACT, SIGHTED, BLANK,
    NOTED, LAST_WORD, TRADES, VALUED, TOLD, JUSTIFIED, ON_TICK, LOGIN,
)  # fmt: skip

UNKNOWN_FOR_SECS = 90.0
"""How long a running bot may take to learn of, or cancel, a working order with its tag."""
UNCOVERED_CYCLES = 3
CANCEL_AGAIN_SECS = 5.0
ORDER_CALLS = 8


class Violation(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


@dataclass(frozen=True, slots=True)
class Truth:
    """What really filled of one level's orders, by role."""

    entry: int = 0
    target: int = 0
    oco: int = 0


class Checker:
    """Watches one world. `attach` it to each new process."""

    def __init__(self, world: World, bot_name: str, only: frozenset[str] = frozenset(ALL_INVARIANTS)) -> None:
        self.world = world
        self._only = only
        self.tag = client_ids.bot_tag(bot_name)
        self.engine: GridOcoEngine | None = None
        self.ready = False
        """True once the process has resumed: before that the state is what the disk held."""
        self._unknown_secs: dict[str, float] = {}
        self._looked_at = world.mono
        self._uncovered: Counter[str] = Counter()
        self._entries_in_cycle: Counter[tuple[int, int, str]] = Counter()
        self._refused_ids: set[str] = set()
        self._seen: dict[str, dict[str, int]] = {}
        self._process = 0
        self._judged = 0
        self._own: list[int] = []
        self._first_of_grid = 0
        self._deletes: defaultdict[str, deque[float]] = defaultdict(deque)
        self._own_cancels: set[str] = set()
        """AppOrderIDs of which this process knows that its cancel was taken."""
        self._asked: Counter[str] = Counter()
        """How many cancels were ever sent, by AppOrderID."""
        self._to_be_charged: list[tuple[str, ClientId]] = []
        """Hedges that the bot was just shown as ended by their broker: their legs back off from this cycle on."""
        self._swings: Counter[tuple[TradeSide, int]] = Counter()
        """Hedges of a level that their bot has cancelled."""
        self._refused: Counter[tuple[TradeSide, int, Role]] = Counter()
        """Placements that ended without a row in the book, by level and role."""
        self._judged_words: set[tuple[str, str]] = set()
        """Levels of which it was judged what a person was told, with when."""
        self._range_a: tuple[Decimal, Decimal] | None = None
        """Lowest and highest price of TokenA since the process was started."""
        self.has_restored = False
        """True once an older state file was put back: what no level has room for is under attention."""
        self.checks = 0
        world.on_quiet = self.after_step
        world.request_seen = self.on_request
        self.money = MoneyChecker(world, self.tag, self.fail)
        self.watch = HedgeWatch(world, self.money.is_unread)
        world.on_market = self.on_market
        world.answer_seen = self.on_answer
        world.book_shown = self.on_book

    def attach(self, engine: GridOcoEngine) -> None:
        """A new process has started."""
        self.engine = engine
        self.ready = False
        self._process += 1
        self._unknown_secs.clear()
        self._uncovered.clear()
        self._seen.clear()
        self._deletes.clear()
        self._own_cancels.clear()
        self._to_be_charged.clear()
        self._range_a = None
        self.money.attach()
        self.watch.attach(engine)

    def detach(self) -> None:
        """The process has ended."""
        self.engine = None
        self._deletes.clear()
        self._own_cancels.clear()
        self.watch.attach(None)

    def fail(self, invariant: str, what: str) -> None:
        """Raise `Violation`, unless this checker was told to look at other invariants only."""
        if invariant in self._only:
            raise Violation(invariant, what)

    # -- the exchange's truth ----------------------------------------------------------------------------------------

    def own_orders(self) -> Iterator[PaperOrder]:
        """Every order of this bot that the exchange has ever had; found once, looked up afresh.

        But for those that came when their bot had given them up: they are to be cancelled, and are in no level.
        """
        orders, late = self.world.exchange.orders, self.world.street.late.arrived
        for number, order in list(orders.items())[self._judged :]:
            if order.client_id.startswith(self.tag) and str(number) not in late:
                self._own.append(number)
        self._judged = len(orders)
        return (orders[number] for number in self._own)

    def grid_orders(self) -> Iterator[PaperOrder]:
        """Those of the present grid: a generation may come back on another day (client_ids.generation_of)."""
        return islice(self.own_orders(), self._first_of_grid, None)

    def own_working(self) -> list[tuple[PaperOrder, ClientId]]:
        """The working ones, with what their ids say."""
        found = []
        for account in ACCOUNTS:
            for order in self.world.exchange.working_orders(account):
                if order.client_id.startswith(self.tag):
                    parsed = client_ids.parse_client_id(order.client_id)
                    if parsed is None:
                        self.fail(ONCE, f"an order of ours has the unreadable id {order.client_id}")
                    else:
                        found.append((order, parsed))
        return found

    # -- at requests -------------------------------------------------------------------------------------------------

    def on_request(self, account: str, request: HttpRequest) -> None:
        """Rates, foreign orders, intents: judged as the request is about to leave."""
        self._check_rate(account, request)
        if request.path.endswith("/session") and self.world.told_to_slow_down.get(account):
            # A login kills the session of every other bot of the key.
            self.fail(LOGIN, f"account {account} was told to slow down, and its bot logs in")
        self.world.street.lived[lived.RATED_403] += self.world.told_to_slow_down.get(account, False)
        if request.method == "DELETE" and request.path.endswith("/orders"):
            order = self.world.exchange.orders.get(int(request.params["appOrderID"]))
            if order is None or not order.client_id.startswith(self.tag):
                self.fail(FOREIGN, f"a cancel was sent for {request.params['appOrderID']}, which is not ours")
            self._check_cancel(request.params["appOrderID"])
        if request.method == "POST" and request.path.endswith("/orders"):
            self._check_placement(str((request.json_body or {})["orderUniqueIdentifier"]))
            self._check_tick(request)
            self.money.on_placement(account, request)

    def _check_tick(self, request: HttpRequest) -> None:
        """Nothing is placed at a price that the exchange would reject (behaviour 1.2)."""
        body = request.json_body or {}
        listed = {each.exchange_token: each for each in self.world.street.listed.values()}
        tick = listed[int(body["exchangeInstrumentID"])].tick
        wrong = [name for name in ("limitPrice", "stopPrice") if Decimal(str(body[name])) % tick]
        if wrong:
            self.fail(ON_TICK, f"{body['orderUniqueIdentifier']}: {wrong} of {body} on a tick of {tick}")

    def _check_cancel(self, number: str) -> None:
        """A few may be repetitions that nobody answered; more within five seconds are a habit.

        One that was refused (rate limit, dead token) has cancelled nothing and is forgotten at its answer.
        """
        self.world.street.lived[lived.ASKED_AGAIN] += number in self._asked
        self._asked[number] += 1
        sent, now = self._deletes[number], self.world.mono
        sent.append(now)
        while now - sent[0] >= CANCEL_AGAIN_SECS - 0.1:
            sent.popleft()
        if len(sent) > 3:
            self.fail(CANCELS, f"{len(sent)} cancels of {number} within {CANCEL_AGAIN_SECS:.0f} s")

    def on_answer(self, _account: str, request: HttpRequest, is_success: bool) -> None:  # noqa: FBT001 - a callback
        """What the bot is being told of a placement or a cancel."""
        if request.method == "DELETE":
            number = request.params.get("appOrderID", "")
            if is_success:
                self._own_cancels.add(number)
                self._note_swing(number)
            elif self._deletes[number]:
                self._deletes[number].pop()
        elif request.method == "POST" and request.path.endswith("/orders") and not is_success:
            named = client_ids.parse_client_id(str((request.json_body or {})["orderUniqueIdentifier"]))
            if named is not None:
                self._refused[named.trade_side, named.level, named.role] += 1

    def _note_swing(self, number: str) -> None:
        order = self.world.exchange.orders.get(int(number or 0))
        named = client_ids.parse_client_id(order.client_id) if order is not None else None
        if named is not None and named.role is Role.OCO:
            self._swings[named.trade_side, named.level] += 1
            self.world.street.lived[lived.SWUNG] += self._swings[named.trade_side, named.level] == 5

    def on_market(self) -> None:
        """The market moved, or time passed."""
        last = self.world.exchange.prices.get(self.world.market.symbol_a)
        if last is not None:
            low, high = self._range_a or (last, last)
            self._range_a = (min(low, last), max(high, last))
        self.watch.look()

    def centred(self, engine: GridOcoEngine, state: BotState) -> None:
        """A grid that was just made around TokenA's price lies around one of this start (behaviour 1.4)."""
        if engine.config.auto_entry and self._range_a is not None:
            low, high = self._range_a
            if not low - 1 <= state.grid.entry_price <= high + 1:
                self.fail(CENTRED, f"the grid lies around {state.grid.entry_price}, TokenA between {low} and {high}")

    def _check_placement(self, client_id: str) -> None:
        durable = b"\n".join(self._platter())
        if client_id.encode() not in durable:
            self.fail(INTENT_FIRST, f"{client_id} is sent but stands on no disk")
        today = self.world.wall.date()
        if any(order.client_id == client_id and order.placed_at.date() == today for order in self.own_orders()):
            self.fail(ONCE, f"{client_id} is sent a second time although the exchange has it")
        parsed = client_ids.parse_client_id(client_id)
        if parsed is None or len(client_id) > client_ids.LENGTH:
            self.fail(ONCE, f"{client_id} is no id of ours")
        elif parsed.role is Role.ENTRY and self.engine is not None and client_id not in self._refused_ids:
            self._refused_ids.add(client_id)
            key = (self._process, self.engine._cycle, parsed.trade_side.value)
            self._entries_in_cycle[key] += 1
            if self._entries_in_cycle[key] > 1:
                self.fail(ONE_ENTRY, f"two {parsed.trade_side} entries in cycle {key[1]}: {client_id}")

    def _platter(self) -> list[bytes]:
        platter = self.world.disk._platter
        return [
            bytes(inode.content[: inode.synced])
            for path, inode in platter.durable.items()
            if path.parent == FOLDER and path.name.endswith("_state.json")
        ]

    def _check_rate(self, account: str, request: HttpRequest) -> None:
        is_read = request.method == "GET"
        if request.path.endswith("/session"):
            return
        now = self.world.mono
        # Each kind of read has its own limit; book and history are one kind (xts.md 5). All bots of the key count.
        sent = self.world.street.calls[account, request.path if is_read else "order"]
        sent.append(now)
        while now - sent[0] >= 1.0 - 1e-6:
            sent.popleft()
        # A call that was repeated after a dead token counts like any other.
        if len(sent) > (1 if is_read else ORDER_CALLS):
            self.fail(RATES, f"{len(sent)} {'book reads' if is_read else 'order calls'} within a second: {account}")

    def on_book(self, account: str, rows: tuple[BrokerOrder, ...] | None) -> None:
        """The bot is being shown this account's book: remember what it can know from now on."""
        shown = None if rows is None else frozenset(row.client_id for row in rows)
        self.money.on_book(account, shown)
        self.money.values.on_book(account, rows or ())
        for row in rows or ():
            self._note_squared_off(row)
        served = self.world.street.served.get(account)
        if shown is None or served is None or not served.is_clean:
            self._seen.pop(account, None)
            return
        today = self.world.wall.date()
        known = {each.client_id: each for each in self.grid_orders() if each.account == account}
        before = {each: order.cumulative for each, order in known.items() if order.placed_at.date() != today}
        self._seen[account] = before | {each: served.filled.get(each, 0) for each in known.keys() - before.keys()}

    def _note_squared_off(self, row: BrokerOrder) -> None:
        """Remember a hedge that was cancelled by nobody but its broker: the bot never asked, or was refused."""
        refused = self.world.street.squared_off.get(row.order_id)
        named = client_ids.parse_client_id(row.client_id) if row.client_id.startswith(self.tag) else None
        is_new = refused is not None and row.status is OrderStatus.CANCELLED and not self.has_restored
        if is_new and refused == self._asked[row.order_id] and named is not None and named.role is Role.OCO:
            del self.world.street.squared_off[row.order_id]
            self._to_be_charged.append((row.client_id, named))

    # -- after steps -------------------------------------------------------------------------------------------------

    def after_step(self, in_the_middle: bool) -> None:  # noqa: FBT001 - a callback of the world
        """Everything that must hold whenever the bot waits; what a cycle has to finish first, only between two."""
        self.checks += 1
        every, late = self.own_working(), self.world.street.late.arrived
        working = [(order, named) for order, named in every if str(order.app_order_id) not in late]
        self._check_one_per_role(working)
        self._check_ocos(working)
        engine = self.engine
        if engine is None or not engine._has_state or in_the_middle:
            return
        state = engine._parts.state
        self._check_known(state, every)
        self._check_covered(state)
        self._has_confessed = self._has_confessed or self._is_confessed(state)
        self._check_counters(state)
        self._check_charged(state)
        self._check_noted(engine, state)
        self._check_told(state)
        self.money.after_cycle(engine, state)
        self.watch.look()

    def _check_one_per_role(self, working: list[tuple[PaperOrder, ClientId]]) -> None:
        places = defaultdict(list)
        for order, named in working:
            # Closing orders are of no level: one for each position.
            where = order.account, order.symbol if named.role is Role.CLOSE else ""
            places[named.trade_side, named.level, named.role, where].append(order.client_id)
        for (side, level, role, _), ids in places.items():
            if len(ids) > 1:
                self.fail(ONE_PER_ROLE, f"{len(ids)} working {role} orders for {side} level {level}: {ids}")

    def _check_ocos(self, working: list[tuple[PaperOrder, ClientId]]) -> None:
        count = Counter(named.trade_side for _, named in working if named.role is Role.OCO)
        for side, number in count.items():
            if number > 2:
                self.fail(TWO_OCOS, f"{number} working OCO orders for the {side}")

    def _check_known(self, state: BotState, working: list[tuple[PaperOrder, ClientId]]) -> None:
        known = {order.client_id for level in state.levels.values() for order in level.orders}
        now, readable = self.world.mono, {account for account in ACCOUNTS if not self.money.is_unread(account)}
        passed, self._looked_at = now - self._looked_at, now
        secs = {}
        for order, _ in working:
            if order.client_id not in known:
                # An account that shows nothing can't be held against the bot; that has an invariant of its own.
                counted = passed if order.client_id in self._unknown_secs and order.account in readable else 0.0
                secs[order.client_id] = self._unknown_secs.get(order.client_id, 0.0) + counted
        self._unknown_secs = secs
        for client_id, worked in secs.items():
            if worked > max(UNKNOWN_FOR_SECS, 4 * float(self._interval())):
                self.fail(KNOWN, f"{client_id} works since {worked:.0f} s and no level knows it")

    def _check_charged(self, state: BotState) -> None:
        """A leg backs off for rejections, refusals and the broker's own cancels, never for its own bot's cancels."""
        legs = [
            leg
            for level in state.levels.values()
            for leg in ((level, _first_role(level), level.backoff), (level, Role.OCO, level.oco_backoff))
        ]
        backing_off = [leg for leg in legs if leg[2].rejections]
        for level, role, backoff in backing_off:
            ended = sum(
                1
                for order in self.own_orders()
                if (named := client_ids.parse_client_id(order.client_id)) is not None
                and (named.trade_side, named.level, named.role) == (level.trade_side, level.level, role)
                and (
                    order.status == "Rejected"
                    or (order.status == "Cancelled" and str(order.app_order_id) not in self._own_cancels)
                )
            )
            known = ended + self._refused[level.trade_side, level.level, role]
            if backoff.rejections > known:
                self.fail(CHARGED, f"{level.uuid}: {role} has {backoff.rejections} rejections, its broker made {known}")

    def _check_noted(self, engine: GridOcoEngine, state: BotState) -> None:
        """A hedge that the broker itself cancelled is charged to its leg, or to its account when it has trouble."""
        due, self._to_be_charged = self._to_be_charged, []
        for client_id, named in due:
            account = engine.client.account_of(Role.OCO, named.trade_side)
            level = next(
                lv for lv in state.levels.values() if (lv.trade_side, lv.level) == (named.trade_side, named.level)
            )
            is_needed = level.is_open and named.generation == state.generation and state.bot_status == ACTIVE
            if (
                is_needed
                and not level.oco_backoff.rejections
                and not engine._keeper.blame.troubles.is_troubled(account)
            ):
                self.fail(NOTED, f"{client_id} was ended by its broker, and {level.uuid} goes on as if by itself")

    def _check_told(self, state: BotState) -> None:
        """Who is to close shares by hand is told how many: what a hedge filled beyond what is open (behaviour 6.5)."""
        for item in state.attention:
            key, _, uuid = item.key.partition(" ")
            said = re.search(r"of (\d+) \S+ is an unhedged position", item.text)
            if (
                key != "both-filled"
                or said is None
                or (uuid, item.at) in self._judged_words
                or uuid not in state.levels
            ):
                continue
            self._judged_words.add((uuid, item.at))
            level = state.levels[uuid]
            left = level.entry_traded.quantity - level.target_traded.quantity
            need = half_up(level.token_b_quantity * left, level.token_a_quantity)
            over = level.oco_traded.quantity - (max(1, need) if left else 0)
            if int(said[1]) != over:
                self.fail(TOLD, f"{uuid}: {said[1]} shares are to be closed by hand, {over} are too many")

    def judge_end(self, engine: GridOcoEngine, reason: str) -> None:
        """A running bot is about to end for hedges that did not fill: it has seen the book in which they might have."""
        counted = re.match(r"untriggered OCO buildup — buy=(\d+) sell=(\d+) oco_stop_count=(\d+)", reason)
        if counted is None or not engine._has_state:
            return
        buys, sells, enough = map(int, counted.groups())
        halves = [side for side, count in ((TradeSide.UPSIDE, buys), (TradeSide.DOWNSIDE, sells)) if count >= enough]
        blind = [side for side in halves if self._is_blind(engine, side)]
        if blind == halves:
            self.fail(JUSTIFIED, f"{reason}, but the book of {', '.join(blind)} was not read")

    def _is_blind(self, engine: GridOcoEngine, side: TradeSide) -> bool:
        levels = engine._parts.state.levels.values()
        works = any(level.trade_side is side and level.oco_order is not None for level in levels)
        return works and self.money.is_unread(engine.client.account_of(Role.OCO, side))

    def _interval(self) -> float:
        return self.engine.config.poll_interval if self.engine is not None else 1.0

    def _check_covered(self, state: BotState) -> None:
        """A filled entry has a target placed, in doubt or backing off, and a definite hedge (behaviour 5.3)."""
        hedged = state.grid.trade_type.has_oco
        saving = not self.engine._parts.save_failed if self.engine is not None else True
        bare = set()
        for level in state.levels.values():
            if not level.is_open:
                continue
            waits = level.order is None and level.backoff.rejections == 0
            if waits and saving and state.bot_status == ACTIVE:
                bare.add(level.uuid)
            if hedged and level.oco_trade_price is None and self._price_b_is_fresh():
                bare.add(level.uuid)
        self._uncovered = Counter({uuid: self._uncovered[uuid] + 1 for uuid in bare})
        # A placement may be refused a few times in a row by the wire; for ever is not.
        limit = UNCOVERED_CYCLES if not self.world.chaos.weather.network else 40
        for uuid, cycles in self._uncovered.items():
            if cycles > limit:
                self.fail(COVERED, f"level {uuid} has had neither target nor reason for {cycles} cycles")

    def _price_b_is_fresh(self) -> bool:
        if self.engine is None:
            return False
        quote = self.engine.feed.quote(self.engine.config.token_b_symbol)
        return quote is not None and quote.fresh

    def _check_counters(self, state: BotState) -> None:
        """What the state has booked is what the last clean books showed, level by level."""
        if not all(account in self._seen for account in self._accounts(state)):
            return
        if self.has_restored and self._is_confessed(state):
            return
        shown = {client_id: filled for seen in self._seen.values() for client_id, filled in seen.items()}
        self.compare(state, shown, exactly=False)

    def _accounts(self, state: BotState) -> set[str]:
        assert self.engine is not None
        client = self.engine.client
        used = {client.account_of(Role.ENTRY, TradeSide.UPSIDE)}
        if state.grid.trade_type.has_oco:
            used |= {client.account_of(Role.OCO, side) for side in TradeSide}
        return used

    def compare(self, state: BotState, filled: dict[str, int], *, exactly: bool) -> None:
        """State against fills by client id; not `exactly`: the state may know more (it read a later book)."""
        truths = _by_level(filled, state.generation)
        net: Counter[TradeSide] = Counter()
        for level in state.levels.values():
            truth = truths.get((level.trade_side, level.level), Truth())
            net[level.trade_side] += truth.entry - truth.target
            self._compare_level(level, truth, exactly=exactly)
        pairs = (
            (state.upside_net_quantity, net[TradeSide.UPSIDE], "upside"),
            (state.downside_net_quantity, net[TradeSide.DOWNSIDE], "downside"),
        )
        for counted, real, name in pairs:
            if exactly and counted != real:
                self.fail(COUNTERS, f"{name}_net_quantity is {counted}, the fills say {real}")

    def _compare_level(self, level: OpenOrder, truth: Truth, *, exactly: bool) -> None:
        name = f"{level.trade_side} level {level.level} ({level.state})"
        booked = level.entry_traded.quantity - level.target_traded.quantity
        real = truth.entry - truth.target
        if exactly and booked != real:
            self.fail(COUNTERS, f"{name} has booked {booked} open shares, the fills say {real}")
        if exactly and level.oco_traded.quantity != truth.oco:
            self.fail(COUNTERS, f"{name} has booked {level.oco_traded.quantity} of its hedge, really {truth.oco}")
        if not exactly and level.oco_traded.quantity < truth.oco:
            self.fail(COUNTERS, f"{name}: {truth.oco} hedge shares were shown, {level.oco_traded.quantity} booked")

    # -- at ends -----------------------------------------------------------------------------------------------------

    def nothing_left(self, when: str) -> None:
        """After an end that promised it, no order of ours works."""
        working = self.own_working()
        if working:
            ids = [f"{order.client_id} {order.status}" for order, _ in working]
            self.fail(NOTHING_LEFT, f"{len(ids)} orders work after {when}: {ids}")

    def held(self, generation: str | None = None) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
        """Signed shares by account and symbol: what the grid's orders opened, and what closing orders took back.

        An MIS position lives for a day, whatever became of it. With `generation`, that one's orders alone.
        """
        opened: Counter[tuple[str, str]] = Counter()
        closed: Counter[tuple[str, str]] = Counter()
        today = self.world.wall.date()
        for order in self.grid_orders():
            named = client_ids.parse_client_id(order.client_id)
            if named is None or generation not in (None, named.generation):
                continue
            if order.terms.product != "MIS" or order.placed_at.date() == today:
                sums = closed if named.role is Role.CLOSE else opened
                sums[order.account, order.symbol] += order.cumulative * (1 if order.terms.side == "BUY" else -1)
        return opened, closed

    def never_beyond_its_own(self) -> None:
        """Closing orders take back what the bot's own orders opened, and never a share more (behaviour 13)."""
        opened, closed = self.held()
        for place, shares in closed.items():
            if shares * opened[place] > 0 or abs(shares) > abs(opened[place]):
                self.fail(FLAT, f"{shares:+d} were closed of {opened[place]:+d} {place}")

    def nothing_held(self, state: BotState | None) -> None:
        """A square-off that ended with 0: nothing of the bot's own is left (behaviour 13).

        What a grid before the last `--fresh` held is its operator's: that start has named it.
        """
        if state is None or self._is_confessed(state):
            return
        opened, closed = self.held(state.generation)
        left = {place: opened[place] + closed[place] for place in opened if opened[place] + closed[place]}
        if left:
            self.fail(FLAT, f"a square-off ended with 0 and left {left}")

    def _is_confessed(self, state: BotState) -> bool:
        """True when a person was told of fills that belong to no level."""
        said = any(item.key.startswith(("late-fill", "expired")) for item in state.attention)
        return self._has_confessed or said

    _has_confessed = False

    def books_agree(self, state: BotState) -> None:
        """Everything is final and read: level by level and in sum the state equals the exchange."""
        if self.has_restored and self._is_confessed(state):
            return
        since = {order.client_id: order.cumulative for order in self.grid_orders()}
        self.compare(state, since, exactly=True)
        self._check_pnl(state)

    def _check_pnl(self, state: BotState) -> None:
        real = sum((_realised(orders) for orders in self._levels_orders(state).values()), Decimal(0))
        carried = self._carried
        if abs(state.total_pnl - carried - real) > Decimal("0.02") * max(1, len(self._own)) + self._unsure():
            self.fail(COUNTERS, f"total_pnl grew by {state.total_pnl - carried:.2f}, the fills say {real:.2f}")

    def _unsure(self) -> Decimal:
        """Rupees by which orders may be booked at their own price: their average was not shown (behaviour 5.1)."""
        return sum(
            (
                abs(order.terms.limit_price * order.cumulative - order.traded_value)
                for order in self.grid_orders()
                if order.client_id in self.world.street.shown_without_average
            ),
            Decimal(0),
        )

    _carried: Decimal = Decimal(0)

    def carry(self, state: BotState) -> None:
        """A new grid begins with this much P&L of earlier ones; their orders are no truth of its levels."""
        self._carried = state.total_pnl
        self.has_restored = self._has_confessed = False
        self._swings.clear()
        self._first_of_grid = sum(1 for _ in self.own_orders())

    def _levels_orders(self, state: BotState) -> dict[tuple[TradeSide, int], list[tuple[ClientId, PaperOrder]]]:
        found: dict[tuple[TradeSide, int], list[tuple[ClientId, PaperOrder]]] = defaultdict(list)
        for order in self.grid_orders():
            named = client_ids.parse_client_id(order.client_id)
            if named is not None and named.generation == state.generation and named.role is not Role.OCO:
                found[named.trade_side, named.level].append((named, order))
        return found

    def reconcile_again(self) -> None:
        """A second reconciliation in a row changes nothing; nothing else may move meanwhile."""
        engine = self.engine
        assert engine is not None
        world = self.world
        if any(order.status.startswith("Pending") for order, _ in self.own_working()):
            return  # the exchange itself may answer between the two
        world.chaos.quiet = True
        watching = world.on_quiet
        world.on_quiet = lambda _in_the_middle: None
        try:
            settle_doubts(engine._parts)
            before = StateEncoder().text(engine._parts.state)
            settle_doubts(engine._parts)
            after = StateEncoder().text(engine._parts.state)
        finally:
            world.chaos.quiet = False
            world.on_quiet = watching
        # The bot would have begun its first cycle before these reads: what they took is no hedge's delay.
        self.watch.attach(engine)
        if before != after:
            self.fail(IDEMPOTENT, "a second reconciliation changed the state")


def _first_role(level: OpenOrder) -> Role:
    return Role.ENTRY if level.order_side is OrderSide.ENTRY else Role.TARGET


def _by_level(filled: dict[str, int], generation: str) -> dict[tuple[TradeSide, int], Truth]:
    sums: dict[tuple[TradeSide, int], Counter[Role]] = defaultdict(Counter)
    for client_id, quantity in filled.items():
        named = client_ids.parse_client_id(client_id)
        if named is not None and named.generation == generation:
            sums[named.trade_side, named.level][named.role] += quantity
    return {
        place: Truth(entry=count[Role.ENTRY], target=count[Role.TARGET], oco=count[Role.OCO])
        for place, count in sums.items()
    }


def _realised(orders: list[tuple[ClientId, PaperOrder]]) -> Decimal:
    """P&L of one level's round trips, from executions in the order of attempts."""
    quantity, value, profit = 0, Decimal(0), Decimal(0)
    for named, order in sorted(orders, key=lambda pair: pair[0].attempt):
        if not order.cumulative:
            continue
        if named.role is Role.ENTRY:
            quantity += order.cumulative
            value += order.traded_value
        elif quantity:
            cost = value * order.cumulative / quantity
            profit += (order.traded_value - cost) * (1 if order.terms.side == "SELL" else -1)
            quantity -= order.cumulative
            value -= cost
    return profit


__all__ = ["ALL_INVARIANTS", "Checker", "LevelState", "Violation"]
