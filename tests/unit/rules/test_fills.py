"""What a book's row does to its level: architecture 6's summary and 8 to 10 (behaviour 5, 6.5, 15)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.level_life import BLIND, MOMENT, RULES, an_oco, entry_placed, see, target_placed
from tests.support.states import NOW, an_order, with_order
from tg1.models import (
    NO_BACKOFF,
    NOTHING_TRADED,
    Backoff,
    LevelState,
    OrderSide,
    OrderStatus,
    Role,
    Side,
)
from tg1.rules.change import Note
from tg1.rules.conclusions import realised
from tg1.rules.fills import never_arrived, set_pending_hedge
from tg1.rules.rejections import counted

if TYPE_CHECKING:
    from tg1.rules.given import Moment, Rules


def test_entry_that_fills_turns_into_its_target_and_hedge() -> None:
    """Architecture 6 row 2 and 8: the example, 49.00 with TokenB at 120.50."""
    change = see(entry_placed(), Role.ENTRY, OrderStatus.FILLED, 100)
    level = change.level
    assert level.state is LevelState.TARGET_READY
    assert (level.entry_trade_direction, level.entry_trade_price) == (Side.SELL, Decimal("49.50"))
    assert (level.oco_trade_direction, level.oco_trade_price) == (Side.SELL, Decimal("118.50"))
    assert (level.entry_order_id, level.token_b_price, level.opened_seq) == (None, None, 7)
    assert (level.order_side, level.hedged_from) == (OrderSide.TARGET, Decimal("120.50"))
    assert (change.quantity, change.entered, change.pnl) == (100, True, Decimal(0))


@pytest.mark.parametrize(
    ("noted", "moment", "expected"),
    [
        pytest.param("119.00", MOMENT, "118.50", id="fresh-price-wins"),
        pytest.param("119.00", BLIND, "117.00", id="noted-price-is-the-fallback"),
        pytest.param(None, BLIND, None, id="neither-is-pending"),
    ],
)
def test_hedge_price_comes_from_the_fill_then_the_placement(
    noted: str | None, moment: Moment, expected: str | None
) -> None:
    """Behaviour 5.3."""
    level = with_order(
        replace(entry_placed(), token_b_price=None if noted is None else Decimal(noted)),
        an_order(placed_at=NOW - timedelta(seconds=60)),
    )
    found = see(level, Role.ENTRY, OrderStatus.FILLED, 100, moment=moment).level.oco_trade_price
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    "placed_at",
    [
        pytest.param(NOW - timedelta(seconds=61), id="too-old"),
        pytest.param(None, id="of-unknown-age"),
        pytest.param(NOW + timedelta(seconds=5), id="the-clock-ran-back"),
    ],
)
def test_price_of_the_placement_hedges_for_a_minute_only(placed_at: datetime | None) -> None:
    """Behaviour 5.3: an hour's old price is no hedge; the level is hedge pending."""
    level = with_order(replace(entry_placed(), token_b_price=Decimal(119)), an_order(placed_at=placed_at))
    opened = see(level, Role.ENTRY, OrderStatus.FILLED, 100, moment=BLIND).level
    assert (opened.oco_trade_price, opened.token_b_price, opened.hedged_from) == (None, None, None)


def test_pending_hedge_is_set_from_the_first_price() -> None:
    """Behaviour 5.3, 5.4."""
    opened = see(entry_placed(), Role.ENTRY, OrderStatus.FILLED, 100, moment=BLIND).level
    hedged = set_pending_hedge(replace(opened, token_b_price=Decimal(119)), RULES, Decimal("130.00")).level
    assert (hedged.oco_trade_price, hedged.hedged_from, hedged.token_b_price) == (Decimal(128), Decimal(130), None)


def test_partly_filled_entry_waits_and_counts() -> None:
    """Behaviour 5.2, 5.1."""
    change = see(entry_placed(), Role.ENTRY, OrderStatus.WORKING, 40)
    assert change.level.state is LevelState.ENTRY_PLACED
    assert change.quantity == 40


def test_entry_that_ended_unfilled_is_fresh_again_and_backs_off() -> None:
    """Architecture 6, "Any PLACED, order rejected: previous state"; behaviour 8."""
    placed = replace(entry_placed(), token_b_price=Decimal(119))
    change = see(placed, Role.ENTRY, OrderStatus.REJECTED, reason="Margin Exceeds")
    assert change.level.state is LevelState.FRESH
    assert change.level.token_b_price is None, "the next placement notes its own (behaviour 5.4)"
    assert change.rejection is not None
    after = counted(change.level, change.rejection, NOW).level
    assert after.backoff == Backoff(rejections=1, retry_at=NOW, reason="Margin Exceeds")


def test_target_that_fills_resets_the_level_once_its_hedge_has_ended() -> None:
    """Architecture 6 row 4 and 9; behaviour 4.6: not before the hedge's last word."""
    filled = see(target_placed(), Role.TARGET, OrderStatus.FILLED, 100, "49.50")
    assert filled.level.state is LevelState.TARGET_FILLED
    assert (filled.quantity, filled.pnl, filled.target_filled, filled.record) == (-100, Decimal(50), True, None)
    waiting = with_order(filled.level, an_oco(cancelling=True))
    reset = see(waiting, Role.OCO, OrderStatus.CANCELLED)
    level = reset.level
    assert level.state is LevelState.FRESH
    assert (level.uuid, level.entry_trade_price, level.entry_trade_direction) == ("another", Decimal("49.00"), Side.BUY)
    assert (level.oco_trade_price, level.hedged_from, level.entry_traded) == (None, None, NOTHING_TRADED)
    assert (level.opened_seq, level.opened_at) == (0, None)
    assert reset.record is not None
    assert (reset.record.outcome, reset.record.realised_pnl) == ("target", Decimal(50))
    assert reset.record.entry_time == NOW.isoformat()
    assert (reset.quantity, reset.pnl) == (0, Decimal(0))


def test_level_without_reentry_closes_after_its_trip() -> None:
    """Behaviour 1.5."""
    rules = replace(RULES, auto_reenter=False)
    level = replace(target_placed(), oco_order=None)
    assert see(level, Role.TARGET, OrderStatus.FILLED, 100, "49.50", rules=rules).level.state is LevelState.CLOSED


def test_hedge_that_fills_closes_the_level_and_concludes_after_the_target() -> None:
    """Architecture 6 row 5 and 10: counted at once, recorded once."""
    change = see(target_placed(cancelling=True), Role.OCO, OrderStatus.FILLED, 50, "118.40")
    assert change.level.state is LevelState.OCO_FILLED
    assert (change.oco_count, change.quantity, change.pnl, change.record) == (1, 0, Decimal(0), None)
    done = see(change.level, Role.TARGET, OrderStatus.CANCELLED)
    assert done.level.closed
    assert done.oco_count == 0
    assert done.record is not None
    assert (done.record.outcome, done.record.oco_average) == ("oco", Decimal("118.40"))


@pytest.mark.parametrize("first", [Role.TARGET, Role.OCO])
def test_both_sides_filled_close_the_level_with_attention_whichever_is_seen_first(first: Role) -> None:
    """Behaviour 6.5."""
    fills = {Role.TARGET: (100, "49.50"), Role.OCO: (50, "118.40")}
    second = Role.OCO if first is Role.TARGET else Role.TARGET
    one = see(target_placed(), first, OrderStatus.FILLED, *fills[first])
    two = see(one.level, second, OrderStatus.FILLED, *fills[second])
    assert two.level.closed
    assert one.oco_count + two.oco_count == 1
    assert one.quantity + two.quantity == -100
    assert one.pnl + two.pnl == 50
    assert two.record is not None
    assert two.record.outcome == "both"
    assert "50 SBIN" in two.attention[0][1]


def test_hedge_of_what_is_left_closes_the_level_and_leaves_nothing_over() -> None:
    """Behaviour 6.3: the target sold 40 of 100 and ended, 30 TokenB hedge the 60 that are left: nothing is unhedged."""
    ended = see(target_placed(), Role.TARGET, OrderStatus.CANCELLED, 40, "49.50").level
    level = with_order(ended, replace(an_oco(), quantity=30))
    done = see(level, Role.OCO, OrderStatus.FILLED, 30, "118.40")
    assert done.level.state is LevelState.OCO_FILLED
    assert done.level.closed
    assert (done.oco_count, done.attention) == (1, ())
    assert done.record is not None
    assert (done.record.outcome, done.record.oco_quantity, done.record.target_quantity) == ("both", 30, 40)


@pytest.mark.parametrize(
    ("sold", "excess"),
    [(2, 1), (40, 20), (90, 45), (100, 50)],
    ids=["all-but-two-open", "sixty-open", "ten-open", "nothing-open"],
)
def test_hedge_that_fills_for_more_than_is_open_calls_for_attention(sold: int, excess: int) -> None:
    """Behaviour 6.3, 6.5: 50 TokenB sold, but 60, 10 or 0 shares need 30, 5 or 0 of them."""
    status = OrderStatus.FILLED if sold == 100 else OrderStatus.CANCELLED
    one = see(target_placed(), Role.TARGET, status, sold, "49.50")
    two = see(one.level, Role.OCO, OrderStatus.FILLED, 50, "118.40")
    assert two.level.closed
    assert two.oco_count == 1
    assert f"SELL of {excess} SBIN" in two.attention[0][1]


def test_part_of_a_hedge_beside_a_filled_target_closes_the_level_for_good() -> None:
    """Behaviour 6.5: 20 TokenB were sold when the target took everything: they hedge nothing, and nothing re-enters."""
    target = see(target_placed(), Role.TARGET, OrderStatus.FILLED, 100, "49.50").level
    done = see(with_order(target, an_oco(cancelling=True)), Role.OCO, OrderStatus.CANCELLED, 20, "118.40")
    assert done.level.state is LevelState.CLOSED
    assert done.oco_count == 0
    [(_, text)] = done.attention
    assert "target and OCO both filled; SELL of 20 SBIN is an unhedged position" in text


def test_hedge_that_was_for_too_much_from_the_first_is_said_as_that() -> None:
    """Behaviour 6.3: an order that was taken back from the book may be for more than the level needs."""
    level = with_order(target_placed(), replace(an_oco(), quantity=60))
    closed = see(level, Role.OCO, OrderStatus.FILLED, 60, "118.40").level
    [(_, text)] = see(closed, Role.TARGET, OrderStatus.CANCELLED).attention
    assert "its OCO filled more than it needs; SELL of 10 SBIN" in text


def test_partly_filled_hedge_that_covers_what_the_target_left_closes_the_level() -> None:
    """Behaviour 6.3: 25 TokenB were hedged, then the target sold 50 of 100: those 25 are all it needs."""
    part = see(target_placed(), Role.OCO, OrderStatus.CANCELLED, 25, "118.40").level
    assert part.state is LevelState.TARGET_PLACED
    done = see(part, Role.TARGET, OrderStatus.WORKING, 50, "49.50")
    assert done.level.state is LevelState.OCO_FILLED
    assert done.level.order is not None, "its cancel follows"
    assert done.oco_count == 1
    last = see(done.level, Role.TARGET, OrderStatus.CANCELLED, 50, "49.50")
    assert last.level.closed
    assert last.attention == ()


@pytest.mark.parametrize(
    ("status", "filled", "left"),
    [
        pytest.param(OrderStatus.FILLED, 100, False, id="filled-whole"),
        pytest.param(OrderStatus.WORKING, 40, False, id="still-working"),
        pytest.param(OrderStatus.CANCELLED, 40, True, id="ended-in-part"),
        pytest.param(OrderStatus.CANCELLED, 0, True, id="ended-unfilled"),
    ],
)
def test_order_that_leaves_unfinished_is_remembered(status: OrderStatus, filled: int, left: bool) -> None:  # noqa: FBT001
    """Behaviour 3.4: it may fill after all, and then somebody has to hear of it; an order that is done may not."""
    change = see(entry_placed(), Role.ENTRY, status, filled)
    assert (change.settled is not None) is left
    traded = status is not OrderStatus.WORKING and filled > 0
    assert (change.executed is not None) is traded


@pytest.mark.parametrize(
    ("filled", "state", "sentence"),
    [
        pytest.param(50, LevelState.OCO_FILLED, "[downside] OCO FILLED: SELL @ 118.50 (filled 118.40)", id="whole"),
        pytest.param(
            49,
            LevelState.TARGET_PLACED,
            "[downside] OCO PARTLY FILLED: SELL 49 of 50 @ 117.90; 49 SBIN are an open hedge",
            id="all-but-one",
        ),
        pytest.param(0, LevelState.TARGET_PLACED, "", id="nothing"),
    ],
)
def test_hedge_that_ends_says_what_it_is_worth(filled: int, state: LevelState, sentence: str) -> None:
    """Behaviour 5.2, 6.3: one share short of the need is not hedged; architecture 20's line for a whole fill."""
    status = OrderStatus.FILLED if filled == 50 else OrderStatus.CANCELLED
    change = see(with_order(target_placed(), an_oco(cancelling=True)), Role.OCO, status, filled, "118.40")
    assert change.level.state is state
    assert [note.text for note in change.notes] == ([sentence] if sentence else [])
    if "PARTLY" in sentence:
        assert change.notes[0].severity == logging.WARNING


def test_hedge_of_what_is_left_says_so() -> None:
    """Behaviour 6.3: the operator reads how many shares those TokenB shares hedge."""
    ended = see(target_placed(), Role.TARGET, OrderStatus.CANCELLED, 40, "49.50").level
    done = see(with_order(ended, replace(an_oco(), quantity=30)), Role.OCO, OrderStatus.FILLED, 30, "118.40")
    assert done.notes[0].text == "[downside] OCO FILLED: SELL @ 118.50 (filled 118.40); 30 SBIN hedge what is left, 60"


def test_times_of_fills_are_noted() -> None:
    """Behaviour 5.2, 6.3: the waits for a rest count from the first fill, or from the last."""
    first = see(entry_placed(), Role.ENTRY, OrderStatus.WORKING, 40).level
    later = replace(MOMENT, now=NOW + timedelta(seconds=7))
    second = see(first, Role.ENTRY, OrderStatus.WORKING, 60, moment=later).level
    same = see(
        second, Role.ENTRY, OrderStatus.WORKING, 60, moment=replace(MOMENT, now=NOW + timedelta(seconds=9))
    ).level
    assert same.order is not None
    assert (same.order.first_fill_at, same.order.last_fill_at) == (NOW, NOW + timedelta(seconds=7))


def test_never_arrived_frees_the_leg_without_a_backoff() -> None:
    """Behaviour 3.3: a new attempt is free at once."""
    level = entry_placed()
    assert level.order is not None
    change = never_arrived(level, level.order, RULES, NOW)
    assert change.level.state is LevelState.FRESH
    assert change.level.backoff == NO_BACKOFF
    assert change.settled == level.order


def test_never_arrived_hedge_leaves_the_target_alone() -> None:
    """Behaviour 3.3: only the leg of the order that never arrived is free again."""
    level = target_placed()
    assert level.oco_order is not None
    assert never_arrived(level, level.oco_order, RULES, NOW).level == replace(level, oco_order=None)


def test_never_arrived_is_the_last_word_that_a_filled_target_waits_for() -> None:
    """Behaviour 3.3, 9.4: the trip is over, its record says when, and the level enters again."""
    waiting = see(target_placed(), Role.TARGET, OrderStatus.FILLED, 100, "49.50").level
    assert waiting.oco_order is not None
    change = never_arrived(waiting, waiting.oco_order, RULES, NOW)
    assert (change.level.state, change.level.uuid, change.settled) == (LevelState.FRESH, "another", waiting.oco_order)
    assert change.record is not None
    assert (change.record.outcome, change.record.completed_at) == ("target", NOW.isoformat())
    for_good = replace(RULES, auto_reenter=False)
    assert never_arrived(waiting, waiting.oco_order, for_good, NOW).level.closed


def test_never_arrived_hedge_was_not_needed_when_the_rest_of_the_level_is_covered() -> None:
    """Behaviour 6.3: 20 SBIN of an earlier hedge cover the 40 IRFC that a partly filled target has left."""
    partly = see(target_placed(), Role.OCO, OrderStatus.CANCELLED, 20, "118.40").level
    again = see(with_order(partly, an_oco()), Role.TARGET, OrderStatus.CANCELLED, 60, "49.50").level
    assert (again.state, again.open_quantity) == (LevelState.TARGET_READY, 40)
    assert again.oco_order is not None
    change = never_arrived(again, again.oco_order, RULES, NOW)
    assert (change.level.state, change.level.closed, change.oco_count) == (LevelState.OCO_FILLED, True, 1)
    assert change.record is not None


def test_order_of_which_all_filled_keeps_its_place_until_the_book_says_so() -> None:
    """Behaviour 4.6: the last word is a final status; what filled is booked at once and once."""
    sold = see(target_placed(), Role.TARGET, OrderStatus.WORKING, 100, "49.50").level
    assert sold.order is not None
    assert (sold.order.filled_quantity, sold.target_traded.quantity) == (100, 100)
    hedged = see(target_placed(), Role.OCO, OrderStatus.WORKING, 20, "118.40").level
    assert hedged.oco_order is not None
    assert (hedged.oco_order.filled_quantity, hedged.oco_traded.quantity) == (20, 20)


THREE = Backoff(rejections=3, retry_at=NOW, reason="RMS is down")


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET, Role.OCO])
@pytest.mark.parametrize(
    ("status", "filled", "placed_secs_ago", "forgiven"),
    [
        pytest.param(OrderStatus.WORKING, 1, 1, True, id="one-share-filled"),
        pytest.param(OrderStatus.WORKING, 0, 60, True, id="worked-for-a-minute"),
        pytest.param(OrderStatus.WORKING, 0, 59, False, id="works-for-less"),
        pytest.param(OrderStatus.CANCELLED, 0, 60, False, id="ended-unseen-for-a-minute"),
    ],
)
def test_success_clears_the_rejections_of_its_own_leg(
    role: Role,
    status: OrderStatus,
    filled: int,
    placed_secs_ago: int,
    forgiven: bool,  # noqa: FBT001
) -> None:
    """Behaviour 8.1: a fill, or an order seen working for 60 s since its own placement, and nothing else."""
    level = entry_placed() if role is Role.ENTRY else target_placed()
    placed = {"placed_at": NOW - timedelta(seconds=placed_secs_ago), "acknowledged": True}
    orders = [replace(order, **placed) for order in level.orders]  # type: ignore[arg-type]
    level = replace(with_order(level, *orders), backoff=THREE, oco_backoff=THREE)
    after = see(level, role, status, filled).level
    mine, other = (after.oco_backoff, after.backoff) if role is Role.OCO else (after.backoff, after.oco_backoff)
    assert mine == (NO_BACKOFF if forgiven else THREE)
    assert other == THREE


@pytest.mark.parametrize(
    ("role", "filled", "counts"),
    [
        pytest.param(Role.ENTRY, 0, True, id="entry"),
        pytest.param(Role.ENTRY, 40, False, id="entry-partly-filled"),
        pytest.param(Role.TARGET, 0, True, id="target"),
        pytest.param(Role.TARGET, 40, True, id="target-partly-filled"),
        pytest.param(Role.OCO, 0, True, id="hedge"),
        pytest.param(Role.OCO, 20, True, id="hedge-partly-filled"),
    ],
)
def test_rejection_counts_while_the_level_needs_the_order(role: Role, filled: int, counts: bool) -> None:  # noqa: FBT001
    """Behaviour 8: the broker ended it; where an entry filled in part the level needs a target and no entry."""
    level = entry_placed() if role is Role.ENTRY else target_placed()
    change = see(level, role, OrderStatus.REJECTED, filled)
    assert (change.rejection is not None) is counts
    if change.rejection is not None:
        assert (change.rejection.order.role, change.rejection.reason) == (role, "no reason given")


@pytest.mark.parametrize("role", [Role.TARGET, Role.OCO])
def test_rejection_of_what_nobody_needs_any_more_does_not_count(role: Role) -> None:
    """Behaviour 8: the other leg has filled; who ended this one a moment before us is no matter."""
    other = Role.OCO if role is Role.TARGET else Role.TARGET
    level = see(target_placed(), other, OrderStatus.FILLED, *((50, "118.40") if role is Role.TARGET else (100,))).level
    assert see(level, role, OrderStatus.REJECTED).rejection is None


HEDGED = "| Target: SELL @ 49.50 | OCO: SELL @ 118.50 | TokenB: 120.50"


@pytest.mark.parametrize(
    ("filled", "rules", "moment", "sentence"),
    [
        pytest.param(100, RULES, MOMENT, f"(filled 49.00) {HEDGED}", id="hedged"),
        pytest.param(40, RULES, MOMENT, f"(filled 49.00) 40 of 100 {HEDGED}", id="part"),
        pytest.param(100, replace(RULES, has_oco=False), MOMENT, "(filled 49.00) | Target: SELL @ 49.50", id="plain"),
        pytest.param(
            100,
            RULES,
            BLIND,
            "(filled 49.00) | Target: SELL @ 49.50 | OCO: hedge pending, no TokenB price",
            id="hedge-pending",
        ),
    ],
)
def test_entry_that_filled_says_its_target_and_hedge(filled: int, rules: Rules, moment: Moment, sentence: str) -> None:
    """Architecture 20's line, with what is missing in it."""
    status = OrderStatus.FILLED if filled == 100 else OrderStatus.CANCELLED
    [note] = see(
        with_order(entry_placed(), an_order(cancel_sent=True)), Role.ENTRY, status, filled, rules=rules, moment=moment
    ).notes
    assert note == Note(text=f"[downside] ENTRY FILLED: BUY IRFC @ 49.00 {sentence}")


def test_target_that_filled_says_what_follows() -> None:
    """Architecture 20's line, and for a part how much a new target is for (behaviour 5.2)."""
    whole = see(target_placed(), Role.TARGET, OrderStatus.FILLED, 100, "49.55").notes
    assert whole == (Note(text="[downside] TARGET FILLED: SELL @ 49.50 (filled 49.55)"),)
    part = see(target_placed(cancelling=True), Role.TARGET, OrderStatus.CANCELLED, 40, "49.55").notes
    assert part == (Note(text="[downside] TARGET PARTLY FILLED: SELL 40 of 100 @ 49.50; a target for 60 follows"),)


def test_operator_reads_what_never_arrived_and_which_hedge_was_set_late() -> None:
    """Behaviour 3.3, 5.3: both are told, with the order's name and the prices."""
    level = entry_placed()
    assert level.order is not None
    assert never_arrived(level, level.order, RULES, NOW).notes == (
        Note(text="[downside] ENTRY BUY TAGXXGENUD01E000 never arrived; the level is free"),
    )
    pending = see(level, Role.ENTRY, OrderStatus.FILLED, 100, moment=BLIND).level
    assert set_pending_hedge(pending, RULES, Decimal(130)).notes == (
        Note(text="[downside] HEDGE SET: OCO SELL @ 128.00 | TokenB: 130.00"),
    )


events = st.tuples(
    st.sampled_from([Role.TARGET, Role.OCO]),
    st.sampled_from([OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED]),
    st.integers(0, 100),
)


@given(st.lists(events, max_size=8))
def test_no_history_of_rows_breaks_the_books_of_a_level(history: list[tuple[Role, OrderStatus, int]]) -> None:
    """Architecture 6, behaviour 6.5: shares, P&L and hedges always follow from what traded; closed is for good."""
    level, quantity, pnl, hedges, records = target_placed(), 100, Decimal(0), 0, 0
    for role, status, filled in history:
        order = level.oco_order if role is Role.OCO else level.order
        if order is None:
            continue
        change = see(level, role, status, min(filled, order.quantity), "49.50")
        was_closed = level.closed
        level = change.level
        quantity += change.quantity
        pnl += change.pnl
        hedges += change.oco_count
        records += change.record is not None
        assert level.closed or not was_closed
        assert hedges == int(level.oco_filled)
        if level.uuid == "another":
            assert (quantity, records, level.orders) == (0, 1, ())
            return
        assert quantity == level.open_quantity
        assert pnl == realised(level)
    assert records == int(level.closed)
