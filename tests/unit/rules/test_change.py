"""Two changes of a level as one (architecture 8 to 10)."""

from __future__ import annotations

from decimal import Decimal

from tests.support.states import a_level, a_record, an_order
from tg1.rules.change import Change, Note, Rejection

FIRST, LAST = a_level(1), a_level(2)
ONE, OTHER = an_order("TAGXXGENUD01E000"), an_order("TAGXXGENUD02E000")


def test_what_adds_up_adds_up_and_the_level_is_the_later_one() -> None:
    """Shares, hedges and rupees are sums; what is told is told in its order."""
    one = Change(
        level=FIRST, quantity=100, oco_count=1, pnl=Decimal(50), notes=(Note(text="a"),), attention=(("k", "a"),)
    )
    other = Change(
        level=LAST, quantity=-40, oco_count=2, pnl=Decimal(-20), notes=(Note(text="b"),), attention=(("l", "b"),)
    )
    assert one.then(other) == Change(
        level=LAST,
        quantity=60,
        oco_count=3,
        pnl=Decimal(30),
        notes=(Note(text="a"), Note(text="b")),
        attention=(("k", "a"), ("l", "b")),
    )


def test_what_happens_once_is_kept_from_whichever_has_it() -> None:
    """A fill, a record, a rejection and an order that left are of one of the two."""
    plain = Change(level=LAST)
    told = Change(
        level=LAST,
        entered=True,
        target_filled=True,
        record=a_record(),
        rejection=Rejection(order=ONE, reason="no"),
        settled=ONE,
        executed=OTHER,
    )
    assert told.then(plain) == plain.then(told) == told
    assert not plain.then(plain).entered
    assert not plain.then(plain).target_filled
