"""Whose fault a rejection is, as the state shows it afterwards (behaviour 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.level_life import MOMENT, a_target, an_oco, target_placed
from tests.support.states import NOW, a_state, an_order
from tg1.models import Backoff, BotState, LegOrder, OpenOrder, Role
from tg1.rules.change import Rejection
from tg1.rules.rejections import backoff_of
from tg1.trading.blame import Blame, is_a_success

TWICE = Backoff(rejections=2, retry_at=NOW)


def levels(count: int) -> BotState:
    """A bot of today with open levels u0, u1, …, each with its hedge rejected twice before."""
    made = [replace(target_placed(), uuid=f"u{number}", oco_backoff=TWICE) for number in range(count)]
    return a_state(trading_day=NOW.date(), levels={level.uuid: level for level in made})


def charge(blame: Blame, state: BotState, uuid: str, order: LegOrder, secs: float, account: str = "trade") -> OpenOrder:
    """Charge a level with a rejection and put it into the state."""
    moment = replace(MOMENT, now=NOW + timedelta(seconds=secs))
    rejection = Rejection(order=order, reason="halted")
    booked = replace(state.levels[uuid])  # as the bookkeeper has it: its row is booked, and not yet in the state
    change = blame.charge(state, booked, rejection, account, moment)
    state.levels[uuid] = change.level
    return change.level


def test_first_rejections_are_the_levels_own() -> None:
    """Behaviour 8: one more in the row of the leg whose order it was."""
    state, blame = levels(2), Blame()
    assert charge(blame, state, "u0", an_oco(), 0).oco_backoff.rejections == 3
    assert charge(blame, state, "u1", a_target(), 1).backoff.rejections == 1
    assert charge(blame, state, "u1", a_target(), 2).backoff.rejections == 2


def test_third_level_takes_back_what_the_others_were_charged_with() -> None:
    """Behaviour 8.3: the legs that were charged, and no other, are what they were; the third is not charged at all."""
    state, blame = levels(3), Blame()
    charge(blame, state, "u0", an_oco(), 0)
    charge(blame, state, "u0", a_target(), 0)
    charge(blame, state, "u1", an_oco(), 1)
    third = charge(blame, state, "u2", an_oco(), 2)
    assert [level.oco_backoff.rejections for level in state.levels.values()] == [2, 2, 2]
    assert [level.backoff.rejections for level in state.levels.values()] == [0, 0, 0]
    assert third.oco_backoff.retry_at == NOW + timedelta(seconds=2)


def test_level_that_was_reset_meanwhile_needs_nothing_back() -> None:
    """Its round trip is over, and with it the level of that name."""
    state, blame = levels(3), Blame()
    charge(blame, state, "u0", an_oco(), 0)
    charge(blame, state, "u1", an_oco(), 1)
    del state.levels["u0"]
    charge(blame, state, "u2", an_oco(), 2)
    assert state.levels["u1"].oco_backoff == TWICE
    assert "u0" not in state.levels


def test_hedge_of_another_account_gets_its_own_charge_back() -> None:
    """Behaviour 8.3: charged before the halt showed elsewhere, and freed of it by the same words."""
    state, blame = levels(4), Blame()
    assert charge(blame, state, "u3", an_oco(), 0, "oco").oco_backoff.rejections == 3
    for number in range(3):
        charge(blame, state, f"u{number}", a_target(), number)
    assert charge(blame, state, "u3", an_oco(), 3, "oco").oco_backoff.rejections == 2


@pytest.mark.parametrize(("first", "second"), [(a_target(), an_oco()), (an_oco(), a_target())], ids=["target", "hedge"])
def test_other_leg_of_the_level_gets_its_charge_back_too(first: LegOrder, second: LegOrder) -> None:
    """Behaviour 8.3: one leg was charged before the halt showed elsewhere; the other one hears the same words."""
    state, blame = levels(4), Blame()
    state.levels["u3"] = replace(state.levels["u3"], backoff=TWICE)
    assert backoff_of(charge(blame, state, "u3", first, 0, "oco"), first.role).rejections == 3
    for number in range(3):
        charge(blame, state, f"u{number}", a_target(), number)
    after = charge(blame, state, "u3", second, 3, "oco")
    assert backoff_of(after, first.role) == TWICE
    assert backoff_of(after, second.role) == replace(TWICE, retry_at=NOW + timedelta(seconds=3))


def test_order_at_work_ends_a_trouble() -> None:
    """Behaviour 8.1: a minute after its placement."""
    state, blame = levels(3), Blame()
    for number in range(3):
        charge(blame, state, f"u{number}", a_target(), number)
    assert blame.troubles.is_troubled("trade")
    order = an_order(placed_at=NOW + timedelta(seconds=5), acknowledged=True)
    blame.saw_working("trade", order, replace(MOMENT, now=NOW + timedelta(seconds=65)))
    assert not blame.troubles.is_troubled("trade")


def test_close_of_an_earlier_day_is_nobodys_fault() -> None:
    """Behaviour 8, 9.5."""
    state, blame = levels(1), Blame()
    state.trading_day -= timedelta(days=1)
    assert charge(blame, state, "u0", an_oco(), 0).oco_backoff == TWICE


@pytest.mark.parametrize(
    ("backoff", "secs", "success"),
    [
        pytest.param(TWICE, 60, True, id="rested-after-rejections"),
        pytest.param(TWICE, 59, False, id="not-yet"),
        pytest.param(Backoff(), 60, False, id="nothing-to-clear"),
    ],
)
def test_rest_of_a_minute_is_news_only_where_it_clears_something(backoff: Backoff, secs: int, success: bool) -> None:  # noqa: FBT001
    """Behaviour 8.1: a quiet cycle must not change a level for nothing."""
    level = replace(target_placed(), oco_backoff=backoff)
    order = replace(an_oco(), placed_at=NOW, acknowledged=True)
    assert order.role is Role.OCO
    assert is_a_success(level, order, replace(MOMENT, now=NOW + timedelta(seconds=secs))) is success
