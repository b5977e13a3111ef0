"""What an end says: why, the net with its parts, and what is held (behaviour 15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.support.states import NOW
from tests.support.told import a_snapshot
from tg1.told.snapshot import ToldMoney, ToldPosition
from tg1.watch.summary import end_text, held_text, money_text

MONEY = ToldMoney(
    net=Decimal("-12.50"),
    realised=Decimal("50.00"),
    open_a=Decimal("-60.00"),
    open_b=Decimal("10.00"),
    squared_off=Decimal("0.00"),
    charges=Decimal("12.50"),
    is_current=True,
)
FLAT = ToldPosition(account="trade", symbol="IRFC", quantity=0, average=None, last=None, gain=Decimal("5.00"))
SHORT = ToldPosition(
    account="downside_oco", symbol="SBIN", quantity=-50, average=Decimal("116.00"), last=None, gain=Decimal("-1200.00")
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "net -12.50 (realised +50.00, open -50.00, charges -12.50)"),
        ({"is_current": False}, "net -12.50 at old prices (realised +50.00, open -50.00, charges -12.50)"),
        (
            {"net": None, "open_b": None, "is_current": False},
            "net unknown: a price is missing (realised +50.00, open unknown, charges -12.50)",
        ),
        (
            {"net": None, "open_a": None},
            "net unknown: a price is missing (realised +50.00, open unknown, charges -12.50)",
        ),
        (
            {"squared_off": Decimal(-30)},
            "net -12.50 (realised +50.00, squared off by the broker about -30.00, open -50.00, charges -12.50)",
        ),
    ],
    ids=["known", "old", "no price of B", "no price of A", "squared off"],
)
def test_the_net_and_its_parts(changes: dict[str, object], said: str) -> None:
    """What nobody knows is said, never written as 0, and half of it is not taken for the whole."""
    assert money_text(replace(MONEY, **changes)) == said  # type: ignore[arg-type]  # fields of it


def test_what_is_held() -> None:
    """Signed, by account; what is flat is not held."""
    unknown = replace(SHORT, account="upside_oco", quantity=50, average=None, gain=None)
    assert held_text(a_snapshot(positions=(FLAT,))) == "Nothing is held."
    assert held_text(a_snapshot(positions=(FLAT, SHORT, unknown))) == (
        "Held: Downside OCO -50 SBIN at 116.00 (-1,200.00); Upside OCO +50 SBIN."
    )


def test_what_is_held_was_known_at_another_time() -> None:
    """A start that was refused knows what the life before it knew, and says since when."""
    told = a_snapshot(positions=(SHORT,), held_at=NOW.replace(hour=9, minute=20, second=7), cycle=0)
    assert held_text(told) == "Held: Downside OCO -50 SBIN at 116.00 (-1,200.00) (as of 09:20:07)."
    assert held_text(replace(told, positions=())) == "Nothing is held (as of 09:20:07)."


def test_an_end_in_whole_sentences() -> None:
    """Also where the reason has its own full stop, or there is none."""
    bare = a_snapshot(money=MONEY, positions=(), orders=())
    tail = "Net -12.50 (realised +50.00, open -50.00, charges -12.50). Nothing is held."
    assert end_text("", bare) == tail
    assert end_text("it died", bare) == f"It died. {tail}"
    for mark in ".!?…":
        assert end_text(f"it was stopped{mark}", bare) == f"It was stopped{mark} {tail}"


def test_an_end_before_the_first_cycle_does_not_say_that_nothing_is_held() -> None:
    """A start that is refused at 08:50 beside last week's shares: nobody has told of them yet."""
    refused = a_snapshot(money=None, positions=(), orders=())
    assert end_text("the token has expired", refused) == "The token has expired. What it holds was not told."
