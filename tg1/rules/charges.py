"""What executed orders cost on NSE's cash market, by dated tables and each account's plan (charges.md). PURE.

Charges are reckoned exactly and shown to the paisa. A contract note rounds earlier: securities transaction tax to the
rupee per security and day, the rest to paise (`note_charges`); the two differ by at most 50 paise per security and day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING

from tg1.models import NO_CHARGES, PAISA, ZERO, Charges, Executed, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PERCENT = Decimal(100)
RUPEE = Decimal(1)
INTRADAY_PRODUCT = "MIS"
ALWAYS = date.min
"""Stands before a table's oldest row: in force for as long as TG1 looks back."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A fraction of turnover (GST: of what it is levied on) and the first day on which it holds."""

    since: date
    fraction: Decimal
    mark: str
    """How well the rate is known: H several sources agree, M one good source, L hearsay, "given" by the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What the state, the exchange and SEBI take: the tables of charges.md, each oldest row first."""

    stt_intraday_sell: tuple[Rate, ...] = (Rate(ALWAYS, Decimal("0.00025"), "H"),)
    stt_delivery: tuple[Rate, ...] = (Rate(ALWAYS, Decimal("0.001"), "H"),)
    """Of both legs."""
    exchange: tuple[Rate, ...] = (
        # Before October 2024 it was 0.00345 % for a while, too; charges.md has no date for that.
        Rate(ALWAYS, Decimal("0.0000325"), "M"),
        Rate(date(2024, 10, 1), Decimal("0.0000297"), "M"),
        Rate(date(2026, 3, 1), Decimal("0.0000307"), "M"),
    )
    """Of both legs; the investor protection fund's share is inside."""
    sebi: tuple[Rate, ...] = (Rate(ALWAYS, Decimal("0.000001"), "H"),)
    """Of both legs: ₹10 a crore."""
    stamp_intraday_buy: tuple[Rate, ...] = (Rate(ALWAYS, Decimal("0.00003"), "H"),)
    stamp_delivery_buy: tuple[Rate, ...] = (Rate(ALWAYS, Decimal("0.00015"), "H"),)
    gst: tuple[Rate, ...] = (Rate(ALWAYS, Decimal("0.18"), "H"),)
    """Of brokerage, exchange charge, SEBI fee and DP charge; tax and duty are outside."""


NSE_CASH = Tariff()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokerage:
    """A broker's price of one executed order: a share of its value, a number of rupees, or the lesser of the two."""

    percent: Decimal | None = None
    """Percent of the order's value; None: the price is `rupees`, whatever the value."""
    rupees: Decimal | None = None
    """The most that an order costs; None: no limit."""

    def of(self, value: Decimal) -> Decimal:
        """Rupees for one order that traded `value` rupees; nothing for one that traded nothing."""
        if not value:
            return ZERO
        share = None if self.percent is None else value * self.percent / PERCENT
        prices = [price for price in (share, self.rupees) if price is not None]
        return min(prices, default=ZERO)


FREE = Brokerage()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargesPlan:
    """What one account pays. The default is the discount plan of charges.md; Findoc's depends on the client."""

    intraday: Brokerage = Brokerage(percent=Decimal("0.03"), rupees=Decimal(20))
    delivery: Brokerage = FREE
    dp_charge: Decimal = Decimal(13)
    """Rupees before GST per symbol and day on which shares leave the demat account (charges.md: about 13 to 20)."""
    square_off_fee: Decimal = Decimal(50)
    """Rupees before GST for an order with which the broker squares a position off himself (charges.md)."""
    cnc_squared_is_intraday: bool = False
    """Charge CNC shares that are bought and sold on one day as intraday, as NRML ones always are.

    Some brokers do; charges.md has them as delivery, which is the dearer of the two.
    """
    tariff: Tariff = NSE_CASH


DISCOUNT = ChargesPlan()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """The plan of every account of a bot."""

    default: ChargesPlan = DISCOUNT
    by_account: Mapping[str, ChargesPlan] = field(default_factory=dict)
    """Accounts that have a plan of their own."""

    def of(self, account: str) -> ChargesPlan:
        """The plan that the account pays by."""
        return self.by_account.get(account, self.default)


def square_off_fee(account: str, day: date, plans: Plans) -> Charges:
    """What an account pays for one order with which its broker squares a position off himself."""
    plan = plans.of(account)
    return Charges(brokerage=plan.square_off_fee, gst=plan.square_off_fee * rate_on(plan.tariff.gst, day))


def without_dp(plans: Plans) -> Plans:
    """The same plans where no shares leave a demat account."""
    return Plans(
        default=replace(plans.default, dp_charge=ZERO),
        by_account={account: replace(plan, dp_charge=ZERO) for account, plan in plans.by_account.items()},
    )


def rate_on(table: tuple[Rate, ...], day: date) -> Decimal:
    """The fraction in force on a day: the youngest row that has begun; before the first row, the first."""
    begun = [rate.fraction for rate in table if rate.since <= day]
    return begun[-1] if begun else table[0].fraction


def with_rate(table: tuple[Rate, ...], fraction: Decimal, since: date) -> tuple[Rate, ...]:
    """The table with a rate of the user's own from `since` on; younger rows fall, since his word is the last."""
    return (*(rate for rate in table if rate.since < since), Rate(since, fraction, "given"))


def charges(executed: Iterable[Executed], plans: Plans) -> Charges:
    """What the orders cost together, unrounded: the figure that TG1 shows."""
    return sum((_exact(group, plans) for group in _by_security_and_day(executed)), NO_CHARGES)


def note_charges(executed: Iterable[Executed], plans: Plans) -> Charges:
    """What contract notes for the orders would say: tax to the rupee per security and day, the rest to paise."""
    notes: defaultdict[tuple[str, date], Charges] = defaultdict(Charges)
    for group in _by_security_and_day(executed):
        exact = _exact(group, plans)
        notes[group[0].account, group[0].day] += replace(exact, stt=exact.stt.quantize(RUPEE, ROUND_HALF_UP))
    return sum((_to_paise(note) for note in notes.values()), NO_CHARGES)


def _to_paise(note: Charges) -> Charges:
    def paise(rupees: Decimal) -> Decimal:
        return rupees.quantize(PAISA, ROUND_HALF_UP)

    return Charges(
        brokerage=paise(note.brokerage),
        stt=paise(note.stt),
        exchange=paise(note.exchange),
        sebi=paise(note.sebi),
        stamp=paise(note.stamp),
        dp=paise(note.dp),
        gst=paise(note.gst),
    )


def _by_security_and_day(executed: Iterable[Executed]) -> list[list[Executed]]:
    """The orders that are settled together: of one account, symbol, day and product."""
    groups: defaultdict[tuple[str, str, date, str], list[Executed]] = defaultdict(list)
    for one in executed:
        groups[one.account, one.symbol, one.day, one.product].append(one)
    return list(groups.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leg:
    """One side of a security's day."""

    orders: list[Executed]
    quantity: int
    intraday: Decimal
    """The fraction of it that was undone on the same day, 0 to 1."""

    def value(self, fraction: Decimal) -> Decimal:
        return sum((one.value * one.orders for one in self.orders), ZERO) * fraction

    def brokerage(self, plan: ChargesPlan) -> Decimal:
        return sum(
            (
                one.orders
                * (self.intraday * plan.intraday.of(one.value) + (1 - self.intraday) * plan.delivery.of(one.value))
                for one in self.orders
            ),
            ZERO,
        )


def _exact(group: list[Executed], plans: Plans) -> Charges:
    first = group[0]
    plan = plans.of(first.account)
    bought, sold = _legs(group, plan)
    rate = partial(rate_on, day=first.day)
    tariff = plan.tariff
    turnover = bought.value(RUPEE) + sold.value(RUPEE)
    delivered = bought.value(1 - bought.intraday) + sold.value(1 - sold.intraday)
    brokerage = bought.brokerage(plan) + sold.brokerage(plan)
    exchange, sebi = turnover * rate(tariff.exchange), turnover * rate(tariff.sebi)
    dp = plan.dp_charge if first.product != INTRADAY_PRODUCT and sold.quantity > bought.quantity else ZERO
    return Charges(
        brokerage=brokerage,
        stt=sold.value(sold.intraday) * rate(tariff.stt_intraday_sell) + delivered * rate(tariff.stt_delivery),
        exchange=exchange,
        sebi=sebi,
        stamp=bought.value(bought.intraday) * rate(tariff.stamp_intraday_buy)
        + bought.value(1 - bought.intraday) * rate(tariff.stamp_delivery_buy),
        dp=dp,
        gst=(brokerage + exchange + sebi + dp) * rate(tariff.gst),
    )


def _legs(group: list[Executed], plan: ChargesPlan) -> tuple[_Leg, _Leg]:
    """What was bought and what was sold, each with the part of it that is charged as intraday."""
    orders = {side: [one for one in group if one.side is side] for side in Side}
    quantity = {side: sum(one.quantity * one.orders for one in orders[side]) for side in Side}
    product = group[0].product
    squared = min(quantity.values())
    if product == INTRADAY_PRODUCT:
        intraday = dict.fromkeys(Side, RUPEE)
    elif product == "NRML" or plan.cnc_squared_is_intraday:
        intraday = {side: Decimal(squared) / quantity[side] if quantity[side] else ZERO for side in Side}
    else:
        intraday = dict.fromkeys(Side, ZERO)
    buy, sell = (_Leg(orders=orders[side], quantity=quantity[side], intraday=intraday[side]) for side in Side)
    return buy, sell
