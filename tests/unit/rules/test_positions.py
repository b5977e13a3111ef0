"""What is held and what was earned: signed, per account, nothing left out, nothing made up (behaviour 15)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import level_life
from tests.support.states import BOT, GRID, a_level, an_order
from tg1.models import (
    ACTIVE,
    BotState,
    BrokerOrder,
    Charges,
    ClosingOrder,
    LegOrder,
    LevelState,
    OpenOrder,
    OrderSide,
    OrderStatus,
    OrderType,
    Position,
    Quote,
    Role,
    Side,
    Statement,
    Traded,
    TradeSide,
)
from tg1.rules.charges import Plans
from tg1.rules.day_roll import expire
from tg1.rules.fills import apply_reading
from tg1.rules.ledger import charges_so_far, day_over, executed_by, trip_over
from tg1.rules.positions import open_gain, positions, statement
from tg1.rules.reconcile import resolve
from tg1.rules.transitions import placed

if TYPE_CHECKING:
    from tg1.rules.change import Change

TODAY = date(2026, 11, 24)


def account_of(role: Role, trade_side: TradeSide) -> str:
    """Three accounts, as architecture 3 has them."""
    return f"{trade_side}_oco" if role is Role.OCO else "trade"


def two_accounts(role: Role, trade_side: TradeSide) -> str:  # noqa: ARG001  # the signature of a broker
    """One account for both directions of hedges (architecture 3)."""
    return "oco" if role is Role.OCO else "trade"


def a_bot(*levels: OpenOrder, **changes: object) -> BotState:
    """A running bot with these levels, nothing realised."""
    state = BotState(bot_name=BOT, bot_status=ACTIVE, grid=GRID, generation="GEN", trading_day=TODAY)
    state.levels = {level.uuid: level for level in levels}
    for name, value in changes.items():
        setattr(state, name, value)
    return state


def traded(quantity: int, price: str) -> Traded:
    """Shares at one price."""
    return Traded(quantity=quantity, value=quantity * Decimal(price))


def bought(number: int = 1, price: str = "49.00", **changes: object) -> OpenOrder:
    """A BUY level whose 100 shares wait for their target."""
    return a_level(number, **{"order_side": OrderSide.TARGET, "entry_traded": traded(100, price)} | changes)


def sold(number: int = 1, price: str = "51.00", **changes: object) -> OpenOrder:
    """A SELL level whose 100 shares wait for their target."""
    return bought(number, price, uuid=f"upper{number}", trade_side=TradeSide.UPSIDE, **changes)


def quote(symbol: str, price: str, *, fresh: bool = True, age_secs: float = 0.4) -> Quote:
    """The last price of a symbol."""
    return Quote(symbol=symbol, price=Decimal(price), age_secs=age_secs, fresh=fresh)


def said(state: BotState, irfc: str | None = "50.00", sbin: str | None = "120.00") -> Statement:
    """The statement at these prices."""
    quotes = [quote("IRFC", irfc) if irfc else None, quote("SBIN", sbin) if sbin else None]
    return statement(state, quotes=quotes, account_of=account_of, charges=charges_so_far(state, account_of, Plans()))


def test_hundred_short_and_hundred_long_are_not_two_hundred_shares_open() -> None:
    """Behaviour 15: signed and per account; bought at 49 and sold at 51 they are flat, 200 won at any price."""
    money = said(a_bot(bought(), sold()), irfc=None)
    (held,) = money.positions
    assert (held.account, held.symbol, held.quantity, held.average) == ("trade", "IRFC", 0, None)
    assert (held.long.quantity, held.short.quantity) == (100, 100)
    assert (money.unrealised, money.net, money.unpriced) == (Decimal(200), Decimal(200), ())


def test_everything_that_is_open_is_in_it() -> None:
    """Behaviour 15: waiting targets, working ones, hedge-closed TokenA, TokenB of whole and partial hedges."""
    state = a_bot(
        bought(1),
        bought(2, "48.00", order=an_order(role=Role.TARGET, side=Side.SELL), target_traded=traded(40, "48.50")),
        bought(3, "47.00", oco_filled=True, closed=True, oco_traded=traded(50, "118.00")),
        sold(1, "51.00", oco_traded=traded(20, "122.00")),
    )
    held = {(one.account, one.symbol): (one.quantity, one.cost) for one in positions(state, account_of)}
    assert held == {
        ("trade", "IRFC"): (100 + 60 + 100 - 100, Decimal(4900 + 2880 + 4700 - 5100)),
        ("downside_oco", "SBIN"): (-50, Decimal(-5900)),
        ("upside_oco", "SBIN"): (20, Decimal(2440)),
    }


def test_one_oco_account_nets_both_directions() -> None:
    """Architecture 3: the same credentials are one account, and its broker knows one position."""
    state = a_bot(bought(1, oco_traded=traded(50, "118.00")), sold(1, oco_traded=traded(50, "122.00")))
    (_, hedges) = sorted(positions(state, two_accounts), key=lambda one: one.symbol)
    assert (hedges.account, hedges.quantity, hedges.gain(None)) == ("oco", 0, Decimal(-200))


def test_entry_that_fills_in_pieces_is_held_piece_by_piece() -> None:
    """Behaviour 5.2: 60 of 100 shares are a position while the rest works."""
    state = a_bot(
        a_level(order=an_order(filled_quantity=60, filled_value=Decimal(2940)), entry_traded=traded(60, "49"))
    )
    (held,) = positions(state, account_of)
    assert (held.quantity, held.average) == (60, Decimal(49))


def test_realised_196_and_hedged_minus_252_hid_1690_of_token_b() -> None:
    """The screen of a real run: net is +1,634 before charges, since the TokenB legs stood at +1,690."""
    state = a_bot(
        bought(1, "52.52", oco_filled=True, closed=True, oco_traded=traded(50, "153.80")), total_pnl=Decimal(196)
    )
    money = said(state, irfc="50.00", sbin="120.00")
    gains = {one.symbol: money.gain(one) for one in money.positions}
    assert gains == {"IRFC": Decimal(-252), "SBIN": Decimal(1690)}
    assert (money.realised, money.unrealised, money.net) == (Decimal(196), Decimal(1438), Decimal(1634))


def test_realised_43400_does_not_hide_4000_lost() -> None:
    """The other run: what is open stood at -4,000 while the screen showed +43,400."""
    money = said(a_bot(bought(1, "90.00"), total_pnl=Decimal(43400)), irfc="50.00")
    assert (money.unrealised, money.net) == (Decimal(-4000), Decimal(39400))


def test_net_is_not_known_without_the_price_of_something_held() -> None:
    """Behaviour 15: never a silent 0; a symbol of which nothing is held needs no price."""
    state = a_bot(bought(1, oco_traded=traded(50, "118.00")), total_pnl=Decimal(10))
    money = said(state, sbin=None)
    assert (money.net, money.unrealised, money.gross, money.unpriced) == (None, None, None, ("SBIN",))
    assert not money.is_current
    assert said(a_bot(bought()), sbin=None).net == Decimal(100)


def test_stale_price_is_named_with_its_age_and_the_net_is_not_current() -> None:
    """Behaviour 10.2, 15: the net stands at the last known price, and whoever judges by it is told."""
    quotes = [quote("IRFC", "50.00", fresh=False, age_secs=75), quote("SBIN", "120", fresh=False)]
    money = statement(a_bot(bought()), quotes=quotes, account_of=account_of, charges=Charges())
    assert money.net == Decimal(100)
    assert [(one.symbol, one.age_secs) for one in money.stale] == [("IRFC", 75)]
    assert not money.is_current
    assert said(a_bot(bought())).is_current


@pytest.mark.parametrize(
    ("level", "irfc", "sbin", "gain"),
    [
        pytest.param(bought(oco_traded=traded(50, "118")), "48", "115", Decimal(-100 + 150), id="hedged"),
        pytest.param(sold(oco_traded=traded(50, "122")), "52", "125", Decimal(-100 + 150), id="hedged-sale"),
        pytest.param(bought(), "50", None, Decimal(100), id="no-hedge-needs-no-price-of-it"),
        pytest.param(bought(oco_traded=traded(50, "118")), "48", None, None, id="hedge-without-a-price"),
        pytest.param(bought(oco_traded=traded(50, "118")), None, "115", None, id="shares-without-a-price"),
        pytest.param(a_level(), None, None, Decimal(0), id="nothing-open"),
    ],
)
def test_open_shares_of_a_level_are_worth_their_last_prices(
    level: OpenOrder, irfc: str | None, sbin: str | None, gain: Decimal | None
) -> None:
    """Behaviour 15: TokenA against TokenA's price, the hedge against TokenB's; nothing is made up for a price."""
    prices = [None if price is None else Decimal(price) for price in (irfc, sbin)]
    assert open_gain(level, *prices) == gain


def test_estimate_of_what_the_broker_squared_off_is_in_the_net() -> None:
    """Behaviour 9.5, 15: yesterday's loss is not gone this morning."""
    money = said(a_bot(a_level(), squared_off_pnl=Decimal(-150)))
    assert (money.squared_off, money.net) == (Decimal(-150), Decimal(-150))


def test_bot_that_holds_nothing_has_earned_what_it_realised() -> None:
    """No position, no price: the net is still known."""
    money = said(a_bot(a_level(), total_pnl=Decimal("46.66")), irfc=None, sbin=None)
    assert (money.positions, money.net) == ((), Decimal("46.66"))


def test_charges_of_parts_of_working_orders_count() -> None:
    """Behaviour 15: what has filled of an order that still works was executed."""
    state = a_bot(
        a_level(order=an_order(filled_quantity=60, filled_value=Decimal(2940)), entry_traded=traded(60, "49"))
    )
    assert f"{said(state).charges.total:.4f}" == "1.2389"
    assert said(state).charges.brokerage == Decimal("0.882")


def test_what_a_square_off_closed_is_held_no_more_and_its_result_stays() -> None:
    """Behaviour 13, 15: 100 bought at 49 and closed at 47.90 are gone, and the 110 that they lost are realised."""
    order = an_order("X", role=Role.CLOSE, side=Side.SELL, filled_quantity=100, filled_value=Decimal(4790))
    money = said(a_bot(bought(), closing=[ClosingOrder(account="trade", order=order, day=TODAY)]), irfc=None)
    assert (len(money.positions), money.realised, money.unrealised) == (0, Decimal(-110), Decimal(0))


def test_what_a_square_off_closed_in_part_is_realised_in_part() -> None:
    """Behaviour 13, 15: 30 of 100 that were bought at 49 are sold at 47.90; 70 are open at what they cost."""
    order = an_order("X", role=Role.CLOSE, side=Side.SELL, filled_quantity=30, filled_value=Decimal(1437))
    money = said(a_bot(bought(), closing=[ClosingOrder(account="trade", order=order, day=TODAY)]), irfc="48")
    (held,) = money.positions
    assert (held.long, held.short) == (traded(70, "49"), traded(0, "0"))
    assert (money.realised, money.unrealised) == (Decimal(-33), Decimal(-70))


def test_average_is_the_price_at_which_a_position_earns_nothing() -> None:
    """200 bought at 48.50 and 100 sold at 51: the 100 that are left have cost 46."""
    held = Position(account="trade", symbol="IRFC", long=traded(200, "48.50"), short=traded(100, "51"))
    assert (held.average, held.gain(Decimal(46))) == (Decimal(46), Decimal(0))


# What follows walks levels through random lives and keeps other books beside them: the fills, as a broker has them.

TRIPS = count()
RULES = replace(level_life.RULES, new_uuid=lambda: f"trip{next(TRIPS)}")
MOMENT = replace(level_life.MOMENT, price_b=Decimal(120))


@dataclass
class Broker:
    """The exchange's side of the story: every order with its fills, and nothing of the bot's arithmetic."""

    fills: dict[str, list[tuple[str, str, Side, int, Decimal]]] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    """The day of each order, counted from 0: no order lives longer than its day."""
    today: int = 0

    def fill(self, order: LegOrder, account: str, quantity: int, price: Decimal) -> None:
        """Trade a part of an order."""
        self.fills.setdefault(order.client_id, []).append((account, order.symbol, order.side, quantity, price))
        self.days[order.client_id] = self.today

    def average(self, client_id: str) -> Decimal:
        """The average price of an order's fills."""
        fills = self.fills[client_id]
        return sum((quantity * price for *_, quantity, price in fills), Decimal(0)) / sum(fill[3] for fill in fills)

    def filled(self, client_id: str) -> int:
        """Shares of an order that traded."""
        return sum(quantity for *_, quantity, _ in self.fills.get(client_id, []))

    def gross(self, last: dict[str, Decimal]) -> Decimal:
        """Cash that came and went, and shares at the last price."""
        everything = [fill for fills in self.fills.values() for fill in fills]
        cash = sum((-side.sign * quantity * price for _, _, side, quantity, price in everything), Decimal(0))
        return cash + sum(
            (side.sign * quantity * last[symbol] for _, symbol, side, quantity, _ in everything), Decimal(0)
        )

    def charges(self, product: str) -> Decimal:
        """Charges of the discount plan, by executed order and by the day's settlement, written out (charges.md)."""
        intraday = product == "MIS"
        total = Decimal(0)
        for fills in self.fills.values():
            turnover = sum((quantity * price for *_, quantity, price in fills), Decimal(0))
            buys = fills[0][2] is Side.BUY
            brokerage = min(turnover * Decimal("0.0003"), Decimal(20)) if intraday else Decimal(0)
            exchange, sebi = turnover * Decimal("0.0000307"), turnover * Decimal("0.000001")
            tax = turnover * (Decimal(0 if buys else "0.00025") if intraday else Decimal("0.001"))
            stamp = turnover * Decimal("0.00003" if intraday else "0.00015") if buys else Decimal(0)
            total += brokerage + exchange + sebi + tax + stamp + (brokerage + exchange + sebi) * Decimal("0.18")
        return total if intraday else total + self._debits() * Decimal("15.34")

    def _debits(self) -> int:
        """Symbols and days on which shares left an account: more was sold than bought."""
        net: Counter[tuple[str, str, int]] = Counter()
        for client_id, fills in self.fills.items():
            for account, symbol, side, quantity, _ in fills:
                net[account, symbol, self.days[client_id]] += side.sign * quantity
        return sum(1 for shares in net.values() if shares < 0)

    def shares(self) -> dict[tuple[str, str], int]:
        """What each account would show for each symbol."""
        held: dict[tuple[str, str], int] = {}
        for account, symbol, side, quantity, _ in (fill for fills in self.fills.values() for fill in fills):
            held[account, symbol] = held.get((account, symbol), 0) + side.sign * quantity
        return {key: quantity for key, quantity in held.items() if quantity}


class Lives:
    """Levels that are placed, filled and ended at random, booked as the bot books them."""

    def __init__(self, product: str = "MIS") -> None:
        self.state = a_bot(*(a_level(n) for n in (1, 2)), a_level(1, uuid="upper1", trade_side=TradeSide.UPSIDE))
        self.state.grid = replace(GRID, product_type=product)
        self.broker = Broker()
        self.outcomes: list[str] = []
        self._numbers = count()

    def step(self, pick: int, role: Role, part: int, price: Decimal, end: OrderStatus) -> None:
        """Place what can be placed in that role on one level; otherwise fill a part of it, and perhaps end it."""
        level = list(self.state.levels.values())[pick % len(self.state.levels)]
        order = level.oco_order if role is Role.OCO else level.order
        if order is None:
            self._place(level, role)
        else:
            self._trade(level, order, part, price, end)

    def _place(self, level: OpenOrder, role: Role) -> None:
        hedge = role is Role.OCO
        if (hedge and not level.is_open) or (
            not hedge and level.state not in (LevelState.FRESH, LevelState.TARGET_READY)
        ):
            return
        entry = level.state is LevelState.FRESH
        order = LegOrder(
            client_id=f"id{next(self._numbers)}",
            role=Role.OCO if hedge else Role.ENTRY if entry else Role.TARGET,
            side=level.oco_trade_direction if hedge else level.entry_trade_direction,
            symbol="SBIN" if hedge else "IRFC",
            quantity=50 - level.oco_traded.quantity if hedge else 100 if entry else level.open_quantity,
            order_type=OrderType.LIMIT,
            limit_price=Decimal(49),
            order_id="1",
        )
        if order.quantity > 0:
            self.state.levels[level.uuid] = placed(level, order)

    def _trade(self, level: OpenOrder, order: LegOrder, part: int, price: Decimal, end: OrderStatus) -> None:
        account = account_of(order.role, level.trade_side)
        quantity = order.remaining if end is OrderStatus.FILLED else min(part, order.remaining)
        if quantity:
            self.broker.fill(order, account, quantity, price)
        filled = self.broker.filled(order.client_id)
        row = BrokerOrder(
            order_id="1",
            client_id=order.client_id,
            status=end,
            raw_status=end,
            side=order.side,
            quantity=order.quantity,
            filled_quantity=filled,
            average_price=self.broker.average(order.client_id) if filled else None,
            limit_price=order.limit_price,
        )
        self._apply(level, apply_reading(level, resolve(order, row), RULES, MOMENT, 1))

    def night(self) -> None:
        """The market closes: orders lapse, the day is charged, levels are carried (behaviour 9.5)."""
        for uuid in list(self.state.levels):
            for role in (Role.ENTRY, Role.OCO):
                if uuid in self.state.levels:
                    level = self.state.levels[uuid]
                    self._apply(level, expire(level, role, RULES, MOMENT, 1))
        self.state.charges_before, self.state.executed = day_over(self.state, Plans())
        self.state.trading_day += timedelta(days=1)
        self.broker.today += 1

    def _apply(self, level: OpenOrder, change: Change) -> None:
        state = self.state
        if change.executed is not None:
            account = account_of(change.executed.role, level.trade_side)
            state.executed.append(executed_by(change.executed, level, state, account))
        state.total_pnl += change.pnl
        state.levels = {
            (change.level.uuid if uuid == level.uuid else uuid): (change.level if uuid == level.uuid else one)
            for uuid, one in state.levels.items()
        }
        if change.record is not None:
            self.outcomes.append(change.record.outcome)
            state.executed = trip_over(state.executed, level.uuid)


steps = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([Role.ENTRY, Role.ENTRY, Role.OCO]),
        st.integers(0, 100),
        st.decimals("1", "3000", places=2),
        st.sampled_from([OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.FILLED, OrderStatus.CANCELLED]),
    ),
    max_size=40,
)
last_prices = st.decimals("1", "3000", places=2)


@given(st.sampled_from(["MIS", "CNC"]), st.lists(steps, min_size=1, max_size=3), last_prices, last_prices)
def test_net_is_cash_flows_and_positions_less_charges_whatever_happened(
    product: str, days: list[list[tuple[int, Role, int, Decimal, OrderStatus]]], irfc: Decimal, sbin: Decimal
) -> None:
    """Behaviour 15, by books of another make: net, gross, charges and every account's shares, to the paisa."""
    lives = Lives(product)
    for walk in days if product == "CNC" else days[:1]:
        lives.night()
        for step in walk:
            lives.step(*step)
    money = said(lives.state, irfc=str(irfc), sbin=str(sbin))
    gross, cost = lives.broker.gross({"IRFC": irfc, "SBIN": sbin}), lives.broker.charges(product)
    assert money.net is not None
    assert money.gross == pytest.approx(gross, abs=Decimal("0.000001"))
    assert money.charges.total == pytest.approx(cost, abs=Decimal("0.000001"))
    assert money.net == pytest.approx(gross - cost, abs=Decimal("0.000001"))
    shares = {(one.account, one.symbol): one.quantity for one in money.positions if one.quantity}
    assert shares == lives.broker.shares()


def test_lives_of_the_property_reach_every_end() -> None:
    """The walks are no empty talk: one of them trades a whole trip, a hedge, and a race of both."""
    lives = Lives()
    done, part = OrderStatus.FILLED, OrderStatus.WORKING
    for pick, role, quantity, price, end in (
        *((0, Role.ENTRY, 0, "49", part), (0, Role.ENTRY, 30, "49", part), (0, Role.ENTRY, 0, "48.9", done)),
        *((0, Role.ENTRY, 0, "49.5", done), (0, Role.ENTRY, 0, "49.5", done)),
        *((1, Role.ENTRY, 0, "48", done), (1, Role.ENTRY, 0, "48", done), (1, Role.OCO, 0, "118", done)),
        *((1, Role.OCO, 20, "118", part), (1, Role.ENTRY, 0, "49", part), (1, Role.ENTRY, 60, "49", part)),
        *((1, Role.OCO, 0, "117.5", done), (1, Role.ENTRY, 0, "49", OrderStatus.CANCELLED)),
    ):
        lives.step(pick, role, quantity, Decimal(price), end)
    assert lives.outcomes == ["target", "both"]
    assert len(lives.state.executed) == 5
