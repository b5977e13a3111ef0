"""Rejections that are the account's: three levels, one reason, ten seconds (behaviour 8.3)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.states import NOW, a_level, an_order
from tg1.models import NO_BACKOFF, Backoff, LegOrder, Role
from tg1.rules.account_trouble import AccountTroubles, Verdict, same_words
from tg1.rules.change import Change, Note, Rejection

HALT = "16388 : Market is halted"


def at(secs: float) -> datetime:
    """So many seconds later."""
    return NOW + timedelta(seconds=secs)


def an_attempt(role: Role = Role.ENTRY, placed: float = -1.0, **changes: object) -> LegOrder:
    """An order of ours, placed so many seconds later than the first rejection."""
    return replace(an_order(role=role, placed_at=at(placed)), **changes)  # type: ignore[arg-type]


def note(  # a rejection is who, when, what for and why
    troubles: AccountTroubles,
    uuid: str,
    secs: float,
    *,
    role: Role = Role.ENTRY,
    reason: str = HALT,
    placed: float = -1.0,
    before: Backoff = NO_BACKOFF,
    account: str = "trade",
) -> Verdict | None:
    """One rejection."""
    rejection = Rejection(order=an_attempt(role, placed), reason=reason)
    return troubles.note(account, uuid, rejection, before, at(secs))


def troubled() -> AccountTroubles:
    """An account whose third level was rejected at second 2."""
    troubles = AccountTroubles()
    for number in range(3):
        note(troubles, f"u{number}", number)
    return troubles


def test_third_level_with_the_same_reason_makes_it_the_accounts() -> None:
    """Behaviour 8.3: counted once, and what the first two were charged with is taken back."""
    troubles = AccountTroubles()
    assert note(troubles, "u0", 0) is None
    assert note(troubles, "u1", 1, before=Backoff(rejections=2)) is None
    assert not troubles.is_troubled("trade")
    verdict = note(troubles, "u2", 2)
    assert verdict is not None
    assert (verdict.is_new, verdict.levels, verdict.retry_at) == (True, 3, at(2))
    charged = [(one.uuid, one.role, one.before.rejections) for one in verdict.taken_back]
    assert charged == [("u0", Role.ENTRY, 0), ("u1", Role.ENTRY, 2)]
    assert troubles.is_troubled("trade")
    again = note(troubles, "u3", 3, placed=0)
    assert again is not None
    assert (again.is_new, again.levels, again.retry_at) == (False, 4, at(2))


def test_ten_seconds_are_within_ten_seconds() -> None:
    """Behaviour 8.3: within 10 s."""
    troubles = AccountTroubles()
    verdicts = [note(troubles, uuid, secs) for uuid, secs in (("u0", 0), ("u1", 5), ("u2", 10))]
    assert verdicts[-1] is not None


def test_trouble_is_told_once_with_the_brokers_reason() -> None:
    """Behaviour 8.3: attention says it once; a level that only hears of it says nothing more."""
    troubles, level = AccountTroubles(), a_level()
    new = [note(troubles, f"u{number}", number) for number in range(3)][-1]
    later = note(troubles, "u3", 3)
    assert new is not None
    assert later is not None
    text = (
        "account trade: orders of 3 levels were rejected within 10 s with the same reason; "
        "its entries back off as a whole, targets and hedges try on: 16388 : Market is halted"
    )
    assert new.change(level, "trade", HALT) == Change(
        level=level,
        notes=(Note(text=f"ACCOUNT TROUBLE: {text}", severity=logging.WARNING),),
        attention=(("account trade # : market is halted", text),),
    )
    assert later.change(level, "trade", HALT) == Change(level=level)


@pytest.mark.parametrize(
    ("uuids", "secs", "reasons"),
    [
        pytest.param(("u0", "u1", "u1"), (0, 1, 2), (HALT,) * 3, id="two-levels"),
        pytest.param(("u0", "u1", "u2"), (0, 5, 10.5), (HALT,) * 3, id="eleven-seconds"),
        pytest.param(("u0", "u1", "u2"), (0, 1, 2), (HALT, HALT, "Margin Exceeds"), id="another-reason"),
    ],
)
def test_anything_less_is_the_levels_own(
    uuids: tuple[str, ...], secs: tuple[float, ...], reasons: tuple[str, ...]
) -> None:
    """Behaviour 8.3: three or more levels, the same reason, within 10 s."""
    troubles = AccountTroubles()
    assert [note(troubles, *pair, reason=why) for *pair, why in zip(uuids, secs, reasons, strict=True)] == [None] * 3  # type: ignore[arg-type]


def test_numbers_in_a_reason_make_no_other_reason() -> None:
    """A margin, a price or an id differs from order to order."""
    one = "RMS:Margin Exceeds, Required:49,000.00, Available:0 for order 1210000001"
    other = "RMS:Margin Exceeds, Required:48,000.50, Available:12.5 for order 1210000002"
    assert same_words(one) == same_words(other)
    assert same_words(one) != same_words("RMS:Blocked")


def test_other_accounts_are_untouched() -> None:
    """Behaviour 8.3: for the account."""
    troubles = troubled()
    assert not troubles.is_troubled("downside_oco")
    assert troubles.may_enter("downside_oco", at(2))
    assert note(troubles, "u0", 3, account="downside_oco", reason="Margin Exceeds") is None


def test_words_of_an_account_in_trouble_are_no_fault_of_a_level_anywhere() -> None:
    """Behaviour 8.3: a halt hits all accounts; the one hedge of another account is told by it, without a word more."""
    troubles = AccountTroubles()
    note(troubles, "u7", 0, account="downside_oco", role=Role.OCO)
    for number in range(3):
        note(troubles, f"u{number}", number)
    verdict = note(troubles, "u7", 3, account="downside_oco", role=Role.OCO, before=Backoff(rejections=1))
    assert verdict is not None
    assert not verdict.is_new
    assert [(one.uuid, one.before.rejections) for one in verdict.taken_back] == [("u7", 0)]


def test_entries_back_off_as_a_whole_and_a_try_counts_once() -> None:
    """Behaviour 8, 8.3: retry next cycle, then 2, 4, 8 … 60 s, however many orders a try consists of; never a pause."""
    troubles, second, waits = troubled(), 2.0, []
    for _ in range(6):
        assert troubles.may_enter("trade", at(second))
        placed, rejected = second, second + 1
        verdicts = [note(troubles, f"u{number}", rejected, placed=placed) for number in range(4)]
        last = verdicts[-1]
        assert last is not None
        assert not any(verdict is None or verdict.is_new for verdict in verdicts)
        waits.append((last.retry_at - at(rejected)).total_seconds())
        assert not troubles.may_enter("trade", at(rejected + waits[-1] - 0.5))
        second = rejected + waits[-1]
    assert waits == [2, 4, 8, 16, 32, 60]


@pytest.mark.parametrize("role", [Role.TARGET, Role.OCO])
def test_protection_tries_again_after_ten_seconds_at_most(role: Role) -> None:
    """Behaviour 8.2, 8.3: a halt ends without a word, and then the hedge has to be there."""
    troubles = troubled()
    waits = []
    for second in (3, 6, 11, 20, 81):
        verdict = note(troubles, "u9", second, role=role, placed=second - 1)
        assert verdict is not None
        waits.append((verdict.retry_at - at(second)).total_seconds())
        assert timedelta() <= verdict.retry_at - at(second) <= timedelta(seconds=10)
    assert waits == [2, 4, 8, 10, 10], "the entries wait for 16 s, then for 32"


def test_order_that_is_at_work_after_the_first_batch_lets_the_others_go() -> None:
    """Behaviour 8.3: placed after the rejection that showed the trouble, and no other rejection since."""
    troubles = troubled()
    assert troubles.saw_working("trade", an_attempt(placed=3, acknowledged=True), at(4)) == ""
    assert troubles.may_enter("trade", at(4))
    assert troubles.is_troubled("trade")


def test_account_without_trouble_has_nothing_to_forget() -> None:
    """A new day forgets for every account."""
    troubles = AccountTroubles()
    troubles.forget("trade")
    assert not troubles.is_troubled("trade")


def test_order_that_is_at_work_lets_the_others_go_and_a_success_ends_the_trouble() -> None:
    """Behaviour 8.1, 8.3: seen working, and after a minute or with a fill it is over."""
    troubles = troubled()
    note(troubles, "u0", 3, placed=2)
    assert not troubles.may_enter("trade", at(4))
    troubles.saw_working("trade", an_attempt(placed=4, acknowledged=True), at(4.5))
    assert troubles.may_enter("trade", at(4.5))
    assert troubles.is_troubled("trade")
    over = troubles.saw_working("trade", an_attempt(placed=4, acknowledged=True), at(64))
    assert not troubles.is_troubled("trade")
    assert over == "account trade # : market is halted"


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(an_attempt(placed=-600, acknowledged=True, filled_quantity=10), id="of-before-the-halt"),
        pytest.param(an_attempt(placed=4), id="not-acknowledged"),
        pytest.param(an_attempt(placed=2.5, acknowledged=True), id="of-before-the-last-rejection"),
        pytest.param(an_attempt(placed=3, acknowledged=True), id="of-the-batch-of-the-last-rejection"),
        pytest.param(replace(an_attempt(acknowledged=True), placed_at=None), id="of-unknown-age"),
    ],
)
def test_order_that_proves_nothing_ends_no_trouble(order: LegOrder) -> None:
    """Behaviour 8.3: resting orders go on filling while new ones are refused."""
    troubles = troubled()
    note(troubles, "u0", 3, placed=2)
    assert troubles.saw_working("trade", order, at(4)) == ""
    assert troubles.is_troubled("trade")
    assert not troubles.may_enter("trade", at(4))


def test_success_ends_the_trouble_of_its_own_account_alone() -> None:
    """Behaviour 8.3: that one broker takes orders again says nothing of another, whose entries still back off."""
    troubles = troubled()
    for number in range(3):
        note(troubles, f"h{number}", number, account="downside_oco", reason="RMS: margin")
        assert number == 2 or note(troubles, f"g{number}", number, account="upside_oco", reason="no holding") is None
    troubles.saw_working("trade", an_attempt(placed=3, acknowledged=True, filled_quantity=1), at(4))
    assert (troubles.is_troubled("trade"), troubles.is_troubled("downside_oco")) == (False, True)
    assert note(troubles, "g2", 5, account="upside_oco", reason="no holding") is not None, (
        "the third within ten seconds"
    )


def test_refusals_of_one_batch_count_once() -> None:
    """Behaviour 8.3: a server that refuses at once does so in the moment in which the orders were placed."""
    troubles = troubled()
    for number in range(3, 9):
        verdict = note(troubles, f"u{number}", 2, placed=2)
        assert verdict is not None
        assert verdict.retry_at == at(2)
    verdict = note(troubles, "u9", 3, placed=2)
    assert verdict is not None
    assert verdict.retry_at == at(5)


@pytest.mark.parametrize("placed", [0, 4])
def test_fill_of_an_order_of_the_trouble_ends_it(placed: float) -> None:
    """Behaviour 8.1: of any order that was placed since the first rejection."""
    troubles = troubled()
    troubles.saw_working("trade", an_attempt(placed=placed, acknowledged=True, filled_quantity=1), at(5))
    assert not troubles.is_troubled("trade")
    assert note(troubles, "u0", 6) is None
