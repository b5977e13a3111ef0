"""What a trader can say of his brokers' prices, and what he is told when it can't be understood (behaviour 15)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tg1.errors import ConfigError
from tg1.rules.charges import DISCOUNT, Brokerage, ChargesPlan, Plans, rate_on
from tg1.settings.charges import check_accounts, plans_of


def test_nothing_said_is_the_discount_plan() -> None:
    """Charges.md: 0.03 % or ₹20 per executed order, whichever is less; delivery free; ₹13 for the depository."""
    assert plans_of([]) == Plans(
        default=ChargesPlan(
            intraday=Brokerage(percent=Decimal("0.03"), rupees=Decimal(20)),
            delivery=Brokerage(),
            dp_charge=Decimal(13),
            square_off_fee=Decimal(50),
        )
    )


@pytest.mark.parametrize(
    ("text", "brokerage"),
    [
        ("brokerage=0", Brokerage(rupees=Decimal(0))),
        ("brokerage=20", Brokerage(rupees=Decimal(20))),
        ("brokerage=0.05%", Brokerage(percent=Decimal("0.05"))),
        (" Brokerage = 0.01% : 15 ", Brokerage(percent=Decimal("0.01"), rupees=Decimal(15))),
    ],
    ids=["flat-monthly", "per-order", "by-value", "capped"],
)
def test_brokerage_is_rupees_an_order_a_percentage_or_the_lesser(text: str, brokerage: Brokerage) -> None:
    """What a Findoc client's plan may be; it holds for intraday and delivery."""
    plan = plans_of([text]).of("trade")
    assert (plan.intraday, plan.delivery) == (brokerage, brokerage)


def test_intraday_and_delivery_can_differ_and_the_later_word_counts() -> None:
    """A full-service plan: ₹10 an order intraday, 0.2 % delivery."""
    plan = plans_of(["brokerage=20", "intraday=10", "delivery=0.2%"]).of("trade")
    assert (plan.intraday, plan.delivery) == (Brokerage(rupees=Decimal(10)), Brokerage(percent=Decimal("0.2")))


def test_accounts_have_plans_of_their_own_whatever_the_order() -> None:
    """Behaviour 15: per account; what is said of one account wins over what is said of all."""
    plans = plans_of(["downside-oco:brokerage=0", "upside_oco:dp=15.5", "brokerage=20"])
    twenty, free = Brokerage(rupees=Decimal(20)), Brokerage(rupees=Decimal(0))
    assert [plans.of(account).intraday for account in ("trade", "upside_oco", "downside_oco")] == [
        twenty,
        twenty,
        free,
    ]
    assert [plans.of(account).dp_charge for account in ("trade", "upside_oco")] == [Decimal(13), Decimal("15.5")]


def test_rate_can_be_given_with_its_date() -> None:
    """Behaviour 15: every rate is configurable and carries its date."""
    table = plans_of(["exchange=0.0031%@2027-04-01"]).default.tariff.exchange
    assert [rate_on(table, day) for day in (date(2027, 3, 31), date(2027, 4, 1))] == [
        Decimal("0.0000307"),
        Decimal("0.000031"),
    ]
    assert rate_on(plans_of(["gst=20%"]).default.tariff.gst, date(2020, 1, 1)) == Decimal("0.2")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("stt-intraday=0.03%", "stt_intraday_sell"),
        ("stt-delivery=0.2%", "stt_delivery"),
        ("sebi=0.0002%", "sebi"),
        ("stamp-intraday=0.004%", "stamp_intraday_buy"),
        ("stamp-delivery=0.02%", "stamp_delivery_buy"),
    ],
)
def test_every_rate_has_a_name(text: str, field: str) -> None:
    """Each sets its own table and no other."""
    tariff = plans_of([text]).default.tariff
    assert getattr(tariff, field)[-1].mark == "given"
    assert tariff.exchange == DISCOUNT.tariff.exchange


def test_delivery_squared_the_same_day_can_be_intraday() -> None:
    """Some brokers net CNC shares that are bought and sold on one day."""
    assert plans_of(["cnc-same-day=intraday"]).default.cnc_squared_is_intraday
    assert not plans_of(["cnc-same-day=intraday", "cnc-same-day=delivery"]).default.cnc_squared_is_intraday


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("20", "not of the form ITEM=VALUE"),
        ("brokerage=", "not of the form ITEM=VALUE"),
        ("brokrage=20", "did you mean brokerage?"),
        ("fee=20", "known are brokerage, intraday"),
        ("upside:brokerage=20", "did you mean upside-oco?"),
        (":brokerage=20", "is not an account"),
        ("brokerage=-1", "is not between 0 and 100,000 rupees"),
        ("brokerage=1e3", "1e3 is not a plain decimal number"),
        ("brokerage=20:0.03%", "neither rupees, a percentage"),
        ("brokerage=0.03%:", "is not a plain decimal number"),
        ("brokerage=200%", "is not between 0% and 100%"),
        ("brokerage=20@2026-01-01", "only rates have a date"),
        ("gst=18", "is not a percentage"),
        ("gst=18%@soon", "soon is not a day of the form YYYY-MM-DD"),
        ("gst=18%@", "is not a day of the form YYYY-MM-DD"),
        ("cnc-same-day=yes", "neither intraday nor delivery"),
        ("dp=nan", "is not a plain decimal number"),
    ],
)
def test_what_can_not_be_understood_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    """Behaviour 14: usage, exit 2; the flag, what was said, and what would have been right."""
    with pytest.raises(ConfigError) as caught:
        plans_of([text])
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("--charge ")


KEYS = {"trade": "one", "upside_oco": "two", "downside_oco": "two"}


def test_price_of_an_account_that_is_not_there_is_refused() -> None:
    """Behaviour 18: a flag without effect is refused, not ignored."""
    with pytest.raises(ConfigError, match="this trade type never hedges"):
        check_accounts(["upside-oco:brokerage=0"], KEYS, has_oco=False)
    with pytest.raises(ConfigError, match="same app key as upside-oco; say it of upside-oco"):
        check_accounts(["downside-oco:brokerage=0"], KEYS, has_oco=True)
    check_accounts(["trade:brokerage=0", "upside-oco:brokerage=0", "dp=15"], KEYS, has_oco=True)


def test_accounts_without_keys_are_three() -> None:
    """A dry run knows no key, and the paper exchange gives three."""
    check_accounts(["downside-oco:brokerage=0"], dict.fromkeys(KEYS, ""), has_oco=True)


def test_price_of_a_square_off_can_be_told() -> None:
    """Charges.md: about ₹50 an order, and GST."""
    assert plans_of(["square-off=59"]).default.square_off_fee == 59
