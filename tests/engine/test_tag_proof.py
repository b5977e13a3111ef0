"""By the tag alone: when nothing works any more, and when a bot lives elsewhere (behaviour 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.fakes import HandBroker
from tg1.models import OrderRequest, OrderType, Side
from tg1.trading.book import Book
from tg1.trading.strangers import Orphan
from tg1.trading.tag_proof import TagProof

if TYPE_CHECKING:
    from collections.abc import Iterable


def book(account: str = "trade", *, is_empty: bool = False) -> Book:
    """A book with somebody else's row, or an empty one."""
    broker = HandBroker()
    if not is_empty:
        request = OrderRequest(
            client_id="MANUAL",
            symbol="IRFC",
            side=Side.BUY,
            quantity=7,
            order_type=OrderType.LIMIT,
            limit_price=broker.instrument("IRFC").tick_size,
        )
        broker.add(account, request)
    return Book(account, broker.order_book(account), "TAG")


def orders(*numbers: int) -> list[Orphan]:
    """Working orders of the tag."""
    return [Orphan(account="trade", order_id=str(number), client_id=f"id{number}") for number in numbers]


def clean_at(proof: TagProof, times: Iterable[float], *books: Book) -> list[float]:
    """Look at the books at these seconds without anything of ours; the seconds at which that proved something."""
    found = []
    for secs in times:
        proof.note([], 1000 + secs)
        if proof.is_clean({each.account: each for each in books}, working=False, now=1000 + secs):
            found.append(secs)
    return found


def test_nothing_is_known_before_the_first_look() -> None:
    """Behaviour 13: no order of the tag, and no bot elsewhere."""
    proof = TagProof(watches=True)
    assert proof.found == 0
    assert proof.lives_elsewhere is False


def test_three_looks_over_five_seconds_prove_it() -> None:
    """Behaviour 13: read at least 3 times over 5 s without anything of ours working."""
    assert clean_at(TagProof(watches=False), [0, 1, 2, 4.9, 5, 6], book()) == [5, 6]
    assert clean_at(TagProof(watches=False), [0, 6, 7], book()) == [7]


def test_nothing_of_ours_anywhere_needs_no_watch() -> None:
    """Behaviour 13: the ten seconds are counted from the last cancel; there was none."""
    assert clean_at(TagProof(watches=True), [0, 3, 5], book()) == [5]


def test_empty_book_proves_something_after_half_a_minute() -> None:
    """Behaviour 3.3, 13: an empty one 10 times over 30 s, whatever the other accounts show."""
    proof = TagProof(watches=False)
    assert clean_at(proof, range(32), book(), book("upside_oco", is_empty=True)) == [30, 31]
    assert clean_at(TagProof(watches=False), range(0, 48, 4), book(is_empty=True)) == [36, 40, 44]


def test_every_account_is_counted_by_itself() -> None:
    """Behaviour 13: two looks at two accounts are not four at one."""
    assert clean_at(TagProof(watches=False), [0, 5, 6], book(), book("upside_oco")) == [6]


def test_account_that_was_not_read_is_not_proven() -> None:
    """Behaviour 4.4, 13: a book that comes later is looked at as often as the others."""
    proof = TagProof(watches=False)
    assert clean_at(proof, [0, 1, 5], book()) == [5]
    assert clean_at(proof, [6, 7, 10, 11], book(), book("upside_oco")) == [11]


def test_order_that_works_again_begins_the_count_anew() -> None:
    """Behaviour 13: without anything of ours working, all the while."""
    proof = TagProof(watches=False)
    assert clean_at(proof, [0], book()) == []
    proof.note(orders(1), 1003)
    assert not proof.is_clean({"trade": book()}, working=True, now=1003)
    assert clean_at(proof, [4, 5, 6, 8, 9], book()) == [9]
    proof.note(orders(1), 1010)
    assert not proof.is_clean({"trade": book()}, working=True, now=1010)
    assert clean_at(proof, [11, 12, 15, 16], book()) == [16]
    assert (proof.found, proof.lives_elsewhere) == (1, False)


def test_books_are_watched_for_ten_seconds_after_the_last_order() -> None:
    """Behaviour 13: orders but neither state nor lock here: a bot elsewhere would place new ones."""
    proof = TagProof(watches=True)
    proof.note(orders(1), 1000)
    assert clean_at(proof, [1, 2, 6, 9, 9.9, 10, 11], book()) == [10, 11]


def test_state_or_lock_here_needs_no_watch() -> None:
    """Behaviour 13: it was told to stop; its orders are proven gone after five seconds."""
    proof = TagProof(watches=False)
    proof.note(orders(1), 1000)
    assert clean_at(proof, [1, 2, 6], book()) == [6]


def test_order_that_shows_up_late_was_placed_by_somebody_who_lives() -> None:
    """Behaviour 13: five seconds after the first cancel no order of a dead bot appears any more."""
    proof = TagProof(watches=True)
    proof.note(orders(1, 2), 1000)
    proof.note(orders(2, 3), 1005)
    proof.note(orders(2, 3), 1009)
    assert not proof.lives_elsewhere
    proof.note(orders(4), 1009.5)
    assert proof.lives_elsewhere
    assert proof.found == 4


def test_first_order_may_show_up_at_any_time() -> None:
    """Behaviour 13: books that hid it for a while tell of no bot elsewhere, but one half a second later does."""
    proof = TagProof(watches=True)
    proof.note([], 1000)
    proof.note(orders(1), 1020)
    assert not proof.lives_elsewhere
    proof.note(orders(2), 1025.5)
    assert proof.lives_elsewhere


def test_bot_that_is_known_here_lives_nowhere_else() -> None:
    """Behaviour 13: late orders of a bot that was stopped here are cancelled like the others."""
    proof = TagProof(watches=False)
    proof.note(orders(1), 1000)
    proof.note(orders(2), 1030)
    assert not proof.lives_elsewhere
