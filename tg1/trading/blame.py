"""Whose fault a rejection is: charges it to the level's leg, or to its account (behaviour 8)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.models import Role
from tg1.rules import rejections
from tg1.rules.account_trouble import AccountTroubles
from tg1.rules.brackets import is_passed
from tg1.rules.change import Change

if TYPE_CHECKING:
    from tg1.models import BotState, LegOrder, OpenOrder
    from tg1.rules.change import Rejection
    from tg1.rules.given import Moment


class Blame:
    """The rejections of all accounts, and what the levels were charged with for them."""

    def __init__(self) -> None:
        self.troubles = AccountTroubles()
        self.looks_back = False
        """True while a start reads what happened before it: when an order ended then is not known, so neither is
        whether several did within seconds of each other."""
        self.unplaced: dict[str, str] = {}
        """Why the last hedge of a level was not taken, by the level's uuid; what was charged does not tell."""

    def charge(self, state: BotState, level: OpenOrder, rejection: Rejection, account: str, moment: Moment) -> Change:
        """The level with its leg backing off; what other levels were charged with is taken back in `state`."""
        if state.trading_day != moment.now.date():
            # What the close of an earlier day ended is nobody's fault.
            return Change(level=level)
        role = rejection.order.role
        if role is Role.OCO:
            self.unplaced[level.uuid] = f"its orders are rejected: {rejection.reason}"
        before = rejections.backoff_of(level, role)
        verdict = None
        if not self.looks_back:
            verdict = self.troubles.note(account, level.uuid, rejection, before, moment.now)
        if verdict is None:
            # Naked until it is placed: a halt of one level ends without a word, too.
            passed = role is Role.OCO and moment.price_b is not None and is_passed(level, moment.price_b)
            longest_secs = rejections.PASSED_BACKOFF_SECS if passed else rejections.LONGEST_BACKOFF_SECS
            return rejections.counted(level, rejection, moment.now, longest_secs)
        for charged in verdict.taken_back:
            other = level if charged.uuid == level.uuid else state.levels.get(charged.uuid)
            if other is level and charged.role is role:
                before = charged.before
            elif other is level:
                level = rejections.with_backoff(level, charged.role, charged.before)
            elif other is not None:
                state.levels[charged.uuid] = rejections.with_backoff(other, charged.role, charged.before)
        held = rejections.with_backoff(level, role, replace(before, retry_at=verdict.retry_at))
        return verdict.change(held, account, rejection.reason)

    def saw_working(self, account: str, order: LegOrder, moment: Moment) -> str:
        """An order is at work in the account's book; returns the key of the attention that this ends, or nothing."""
        return self.troubles.saw_working(account, order, moment.now)


def is_a_success(level: OpenOrder, order: LegOrder, moment: Moment) -> bool:
    """True when the order has rested for long enough to clear a count of its leg (behaviour 8.1)."""
    return bool(rejections.backoff_of(level, order.role).rejections) and rejections.has_rested(order, moment.now)
