"""Hedges that should have filled and have not: fifteen judged seconds (behaviour 7.4)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.level_life import MOMENT
from tests.support.states import a_level, an_order
from tg1.models import Backoff, OpenOrder, OrderSide, Role, Side, Traded, TradeSide
from tg1.rules.untriggered import Steps, UntriggeredWatch

if TYPE_CHECKING:
    from tg1.rules.given import Moment

FILLED = Traded(quantity=100, value=Decimal(4900))
DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


def a_hedge(number: int, side: TradeSide = DOWN, **changes: object) -> OpenOrder:
    """An open level whose hedge is at 118."""
    values: dict[str, object] = {"trade_side": side, "oco_trade_price": Decimal(118), **changes}
    return a_level(number, order_side=OrderSide.TARGET, entry_traded=FILLED, **values)


def at(secs: float, price_b: str | None = "118") -> Moment:
    """So many seconds after the first look."""
    return replace(MOMENT, monotonic=500.0 + secs, price_b=None if price_b is None else Decimal(price_b))


WORKS = an_order(role=Role.OCO, side=Side.SELL)


@pytest.mark.parametrize(
    "level",
    [
        pytest.param(a_hedge(1, oco_order=WORKS), id="works"),
        pytest.param(a_hedge(1), id="waits"),
        pytest.param(a_hedge(1, oco_backoff=Backoff(rejections=5, retry_at=MOMENT.now)), id="backs-off"),
    ],
)
def test_level_counts_after_fifteen_seconds_whatever_its_order_does(level: OpenOrder) -> None:
    """Behaviour 7.4: it counts whether its order works, waits, was rejected or is backing off."""
    watch = UntriggeredWatch()
    counts = [watch.look([level], at(secs), ())[DOWN] for secs in range(17)]
    assert counts == [0] * 15 + [1, 1]


@pytest.mark.parametrize(
    ("side", "price", "passed"),
    [
        pytest.param(DOWN, "118.00", True, id="sells-at-market"),
        pytest.param(DOWN, "117.95", True, id="sells-above-market"),
        pytest.param(DOWN, "118.05", False, id="sells-below-market"),
        pytest.param(UP, "118.00", True, id="buys-at-market"),
        pytest.param(UP, "118.05", True, id="buys-below-market"),
        pytest.param(UP, "117.95", False, id="buys-above-market"),
    ],
)
def test_price_is_at_or_beyond(side: TradeSide, price: str, passed: bool) -> None:  # noqa: FBT001
    """Architecture 13, condition 2, in both directions."""
    watch = UntriggeredWatch()
    counts = [watch.look([a_hedge(1, side)], at(secs, price), ()) for secs in range(16)]
    assert counts[-1] == {side: int(passed), side_of_the_other(side): 0}


def side_of_the_other(side: TradeSide) -> TradeSide:
    """The other half of the grid."""
    return UP if side is DOWN else DOWN


def test_price_that_comes_back_once_begins_the_seconds_anew() -> None:
    """Behaviour 7.4: in every judged cycle."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    for secs in range(15):
        watch.look([level], at(secs), ())
    watch.look([level], at(15, "118.05"), ())
    counts = [watch.look([level], at(secs), ())[DOWN] for secs in range(16, 33)]
    assert counts == [0] * 15 + [1, 1]


@pytest.mark.parametrize("blind", [pytest.param(True, id="unread-book"), pytest.param(False, id="stale-price")])
def test_watch_stands_still_while_a_cycle_cannot_be_judged(blind: bool) -> None:  # noqa: FBT001
    """Behaviour 7.4, 10.2, 4.4: an hour without a book or a price proves nothing, before it nor after it."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    for secs in range(11):
        watch.look([level], at(secs), ())
    for secs in range(11, 3600):
        assert watch.look([level], at(secs, "118" if blind else None), {DOWN} if blind else ())[DOWN] == 0
    counts = [watch.look([level], at(secs), ())[DOWN] for secs in range(3600, 3607)]
    assert counts == [0] * 5 + [1, 1], "ten seconds before and five after"


def test_other_half_is_judged_while_one_cannot_be_seen() -> None:
    """Behaviour 7.4: its OCO account's book, not any account's."""
    watch = UntriggeredWatch()
    levels = [a_hedge(1), a_hedge(2, UP)]
    counts = [watch.look(levels, at(secs), {UP}) for secs in range(16)]
    assert counts[-1] == {DOWN: 1, UP: 0}


def test_hedge_that_filled_gives_those_without_a_place_their_seconds_again() -> None:
    """A row of equal hedges that is being worked off is no failure, however long it is; a working one still counts."""
    watch = UntriggeredWatch()
    levels = [a_hedge(1), a_hedge(2, oco_order=WORKS)]
    for secs in range(15):
        watch.look(levels, at(secs), ())
    watch.note_progress(levels, DOWN)
    assert watch.look(levels, at(15), ())[DOWN] == 1
    assert watch.look(levels[1:], at(16), ())[DOWN] == 1, "the working one"
    watch.look(levels, at(17), ())
    watch.note_progress(levels, UP)
    assert watch.look(levels, at(32), ())[DOWN] == 2


def test_hedge_that_fills_before_anything_was_judged_is_no_trouble() -> None:
    """Behaviour 7.4: the first cycle after a start may bring a fill."""
    watch = UntriggeredWatch()
    watch.note_progress([a_hedge(1)], DOWN)
    assert watch.look([a_hedge(1)], at(0), ())[DOWN] == 0


def test_overdue_are_those_that_have_been_passed_for_so_long() -> None:
    """So many seconds are reached when they have passed, and by nobody whose price is ahead."""
    watch, levels = UntriggeredWatch(), [a_hedge(1), a_hedge(2, oco_trade_price=Decimal("117.95"))]
    for secs in range(5):
        watch.look(levels, at(secs), ())
    assert watch.overdue(5.0) == set()
    watch.look(levels, at(5), ())
    assert watch.overdue(5.0) == {levels[0].uuid}


def test_overdue_is_not_put_off_by_hedges_that_fill() -> None:
    """A level that waits behind others is naked all the same: a person hears of it though nothing has failed yet."""
    watch, levels = UntriggeredWatch(), [a_hedge(1), a_hedge(2)]
    for secs in range(4):
        watch.look(levels, at(secs), ())
        watch.note_progress(levels, DOWN)
    assert watch.overdue(3.0) == {level.uuid for level in levels}


def test_new_day_begins_anew() -> None:
    """Behaviour 7.4."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    for secs in range(16):
        watch.look([level], at(secs), ())
    watch.begin_anew()
    assert watch.look([level], at(16), ())[DOWN] == 0


STEPS = ((9.0, Decimal(118)), (4.0, Decimal(119)), (2.5, Decimal(118)), (1.0, Decimal(117)))
"""TokenB passed 118 nine seconds ago, came back, and passed it for good two and a half seconds ago."""


def kept_waiting(watch: UntriggeredWatch, level: OpenOrder, steps: Steps = STEPS, secs: float = 7.0) -> set[str]:
    """What has been passed for 2.5 s at a look that comes late, after one at which TokenB had not passed anything."""
    watch.look([level], at(0, "119"), ())
    watch.look([level], at(secs, "117"), (), steps)
    return watch.overdue(2.5)


def test_hedge_passed_while_the_bot_waited_is_overdue_from_the_tick_on() -> None:
    """Behaviour 7.4: the feed heard it while an account let the bot wait."""
    level = a_hedge(1)
    assert kept_waiting(UntriggeredWatch(), level) == {level.uuid}
    assert kept_waiting(UntriggeredWatch(), level, (*STEPS[:3], (1.0, Decimal("118.05")))) == set()


def test_seconds_from_the_tick_on_go_on_with_the_next_looks() -> None:
    """Behaviour 7.4: and the one that fills, or comes back, is overdue no more."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    kept_waiting(watch, level)
    watch.look([level], at(8, "117"), ())
    assert (watch.overdue(3.5), watch.overdue(3.6)) == ({level.uuid}, set())
    watch.look([level], at(9, "119"), ())
    assert watch.overdue(0.0) == set()


def test_no_level_is_overdue_for_longer_than_since_the_last_look() -> None:
    """At that look its price was not passed, whatever the ticks that came late say."""
    level = a_hedge(1)
    assert kept_waiting(UntriggeredWatch(), level, secs=2.4) == set()


def test_level_that_opened_while_the_bot_waited_is_overdue_from_its_first_look_on() -> None:
    """Nobody knows whether it was open when the tick came."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    watch.look([], at(0, "119"), ())
    watch.look([level], at(7, "117"), (), STEPS)
    assert watch.overdue(0.1) == set()


@pytest.mark.parametrize(("price_b", "blind"), [("117", (DOWN,)), (None, ())], ids=["unread", "no-price"])
def test_ticks_while_a_half_could_not_be_judged_count_nothing(price_b: str | None, blind: tuple[TradeSide]) -> None:
    """Behaviour 7.4: the watch stands still."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    watch.look([level], at(0, "119"), ())
    watch.look([level], at(1, price_b), blind)
    watch.look([level], at(7, "117"), (), STEPS)
    assert watch.overdue(0.1) == set()


def test_ticks_do_not_count_for_the_rule_that_ends_the_bot() -> None:
    """Behaviour 7.4: fifteen judged seconds, from the first look on."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    watch.look([level], at(0, "119"), ())
    counts = [watch.look([level], at(secs, "117"), (), ((20.0, Decimal(117)),))[DOWN] for secs in range(16, 32)]
    assert counts == [0] * 15 + [1]


def test_passed_hedge_is_pending_until_it_is_overdue_or_not_passed_any_more() -> None:
    """Behaviour 11.6: meanwhile no account that hangs is asked."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    assert not watch.is_pending(3.0)
    watch.look([level], at(0, "119"), ())
    assert not watch.is_pending(3.0)
    watch.look([level], at(1), ())
    watch.look([level], at(3.9), ())
    assert watch.is_pending(3.0)
    watch.look([level], at(4), ())
    assert not watch.is_pending(3.0)


@pytest.mark.parametrize("other", ["unread", "new-day"])
def test_hedge_that_can_not_be_judged_is_not_pending(other: str) -> None:
    """Behaviour 11.6: else its own account would never be asked again."""
    watch, level = UntriggeredWatch(), a_hedge(1)
    watch.look([level], at(0), ())
    if other == "unread":
        watch.look([level], at(1), (DOWN,))
    else:
        watch.begin_anew()
    assert not watch.is_pending(3.0)
