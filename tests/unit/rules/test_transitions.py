"""The level machine both ways: every move of its table happens, no other can (architecture 6)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.level_life import RULES, a_target, an_oco, level_in, see, target_placed
from tests.support.states import NOW, an_order
from tg1.errors import IllegalMove
from tg1.models import LevelState, OpenOrder, OrderStatus, Role
from tg1.rules.fills import never_arrived
from tg1.rules.grid import hedge_rest
from tg1.rules.rejections import refused
from tg1.rules.transitions import MOVES, LevelEvent, freed, move, placed, stay, updated

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import LegOrder

S, E = LevelState, LevelEvent
ARCHITECTURE_6 = {
    (S.FRESH, E.ENTRY_SENT, S.ENTRY_PLACED),
    (S.ENTRY_PLACED, E.ENTRY_GONE, S.FRESH),
    (S.ENTRY_PLACED, E.ENTRY_FILLED, S.TARGET_READY),
    (S.TARGET_READY, E.TARGET_SENT, S.TARGET_PLACED),
    (S.TARGET_READY, E.OCO_FILLED, S.OCO_FILLED),
    (S.TARGET_PLACED, E.TARGET_GONE, S.TARGET_READY),
    (S.TARGET_PLACED, E.TARGET_FILLED, S.TARGET_FILLED),
    (S.TARGET_PLACED, E.OCO_FILLED, S.OCO_FILLED),
    (S.TARGET_FILLED, E.RESET, S.FRESH),
    (S.TARGET_FILLED, E.RETIRED, S.CLOSED),
    (S.TARGET_FILLED, E.OCO_FILLED, S.OCO_FILLED),
}


def no_reentry(level: OpenOrder) -> OpenOrder:
    """The hedge's cancel is confirmed, and the level may not enter again."""
    return see(level, Role.OCO, OrderStatus.CANCELLED, rules=replace(RULES, auto_reenter=False)).level


def without_target(level: OpenOrder) -> OpenOrder:
    """The hedge fills while the target waits to be placed."""
    return see(stay(level, oco_order=an_oco()), Role.OCO, OrderStatus.FILLED, 50, "118.40").level


HAPPENINGS: dict[tuple[LevelState, LevelEvent], Callable[[OpenOrder], OpenOrder]] = {
    (S.FRESH, E.ENTRY_SENT): lambda level: placed(level, an_order()),
    (S.ENTRY_PLACED, E.ENTRY_GONE): lambda level: see(level, Role.ENTRY, OrderStatus.REJECTED).level,
    (S.ENTRY_PLACED, E.ENTRY_FILLED): lambda level: see(level, Role.ENTRY, OrderStatus.FILLED, 100).level,
    (S.TARGET_READY, E.TARGET_SENT): lambda level: placed(level, a_target()),
    (S.TARGET_READY, E.OCO_FILLED): without_target,
    (S.TARGET_PLACED, E.TARGET_GONE): lambda level: see(level, Role.TARGET, OrderStatus.CANCELLED, 40).level,
    (S.TARGET_PLACED, E.TARGET_FILLED): lambda level: see(level, Role.TARGET, OrderStatus.FILLED, 100).level,
    (S.TARGET_PLACED, E.OCO_FILLED): lambda level: see(level, Role.OCO, OrderStatus.FILLED, 50, "118.40").level,
    (S.TARGET_FILLED, E.RESET): lambda level: see(level, Role.OCO, OrderStatus.CANCELLED).level,
    (S.TARGET_FILLED, E.RETIRED): no_reentry,
    (S.TARGET_FILLED, E.OCO_FILLED): lambda level: see(level, Role.OCO, OrderStatus.FILLED, 50, "118.40").level,
}
"""What brings each move about, in the words of the callers: books, intents, refusals."""


def table() -> set[tuple[LevelState, LevelEvent, LevelState]]:
    """The table's moves as triples."""
    return {(state, event, after) for state, row in MOVES.items() for event, after in row.items()}


def test_table_is_the_one_of_architecture_6() -> None:
    """Architecture 6: the summary of the transitions; nothing in it changes unnoticed."""
    assert table() == ARCHITECTURE_6


def test_terminal_states_have_empty_rows_and_every_state_has_a_row() -> None:
    """Architecture 6, behaviour 1.5: OCO_FILLED and CLOSED are for good."""
    assert set(MOVES) == set(LevelState)
    assert [state for state, row in MOVES.items() if not row] == [LevelState.OCO_FILLED, LevelState.CLOSED]


@pytest.mark.parametrize(("before", "event", "after"), sorted(ARCHITECTURE_6))
def test_every_move_of_the_table_happens(before: LevelState, event: LevelEvent, after: LevelState) -> None:
    """No row stands there for nothing."""
    assert HAPPENINGS[before, event](level_in(before)).state is after


@pytest.mark.parametrize(
    ("before", "event"),
    [pair for pair in product(LevelState, LevelEvent) if pair not in {(b, e) for b, e, _ in ARCHITECTURE_6}],
)
def test_a_move_that_is_not_in_the_table_raises_and_moves_nothing(before: LevelState, event: LevelEvent) -> None:
    """Typed, and naming level, states and event; the value that was handed in is what it was."""
    level = level_in(before)
    copy = replace(level)
    with pytest.raises(IllegalMove, match="can't go from"):
        move(level, event, attempts=9)
    assert level == copy


@pytest.mark.parametrize(("before", "event", "after"), sorted(ARCHITECTURE_6))
def test_a_move_whose_fields_lead_elsewhere_raises(before: LevelState, event: LevelEvent, after: LevelState) -> None:
    """The name of an event is not enough: the fields must say the same."""
    del after
    with pytest.raises(IllegalMove, match=f"from {before} to {before}"):
        move(level_in(before), event, attempts=9)


@pytest.mark.parametrize("state", LevelState)
def test_staying_is_held_to_its_word(state: LevelState) -> None:
    """A change that is said to move nothing and would, is refused."""
    level = level_in(state)
    assert stay(level, attempts=9).attempts == 9
    if state is not LevelState.OCO_FILLED:
        with pytest.raises(IllegalMove, match="by itself"):
            stay(level, oco_filled=True)


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET])
@pytest.mark.parametrize("state", LevelState)
def test_an_order_finds_a_place_only_where_the_table_has_one(state: LevelState, role: Role) -> None:
    """Architecture 6: an entry goes to a fresh level, a target to one that waits for it; anything else is a fault."""
    order = an_order() if role is Role.ENTRY else a_target()
    fits = {(LevelState.FRESH, Role.ENTRY), (LevelState.TARGET_READY, Role.TARGET)}
    if (state, role) in fits:
        assert placed(level_in(state), order).order == order
    else:
        with pytest.raises(IllegalMove):
            placed(level_in(state), order)


def test_hedge_takes_the_hedges_place_and_no_other() -> None:
    """Architecture 6: the hedge's own order moves nothing, and the target's place is not its own."""
    bare = replace(target_placed(), oco_order=None)
    hedged = placed(bare, an_oco())
    assert (hedged.order, hedged.oco_order, hedged.state) == (bare.order, an_oco(), bare.state)


def test_more_known_of_an_order_moves_nothing() -> None:
    """An AppOrderID, a cancel that was sent: the level stays where it is, and the other order what it is."""
    level = target_placed()
    target, hedge = replace(a_target(), order_id="778", cancel_sent=True), an_oco(cancelling=True)
    assert updated(level, target) == replace(level, order=target)
    assert updated(level, hedge) == replace(level, oco_order=hedge)


words = st.tuples(
    st.sampled_from(["intent", "row", "refused", "absent", "freed"]),
    st.sampled_from([OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED]),
    st.integers(0, 100),
    st.sampled_from(Role),
)


def happen(level: OpenOrder, word: tuple[str, OrderStatus, int, Role], *, auto_reenter: bool) -> OpenOrder:
    """What books, desk and refusals may do to a level next; what can't happen to it in its state does not."""
    what, status, filled, role = word
    if what == "intent":
        return intended(level, role)
    order = level.oco_order if role is Role.OCO else level.order
    if order is None or order.role is not role:
        return level
    if what == "row":
        rules = replace(RULES, auto_reenter=auto_reenter)
        return see(level, role, status, min(filled, order.quantity), "49.50", rules=rules).level
    return level if order.filled_quantity else unheard(level, order, what)


def intended(level: OpenOrder, role: Role) -> OpenOrder:
    """The desk writes an intent, where the level waits for one."""
    if role is Role.ENTRY and level.state is LevelState.FRESH:
        return placed(level, an_order())
    if role is Role.TARGET and level.state is LevelState.TARGET_READY:
        return placed(level, a_target(quantity=level.open_quantity))
    if role is Role.OCO and level.is_open and level.oco_order is None and hedge_rest(level) > 0:
        return placed(level, replace(an_oco(), quantity=hedge_rest(level)))
    return level


def unheard(level: OpenOrder, order: LegOrder, what: str) -> OpenOrder:
    """The order leaves without a fill: refused, proven absent, or not sent at all."""
    if what == "refused":
        return refused(level, order, "RMS says no").level
    return never_arrived(level, order, RULES, NOW).level if what == "absent" else freed(level, order.role)


@given(st.lists(words, max_size=30), st.booleans())
def test_no_life_of_a_level_leaves_the_table(life: list[tuple[str, OrderStatus, int, Role]], reenter: bool) -> None:  # noqa: FBT001
    """Whatever rows, refusals and intents come in whatever order: each step is made of moves that the table holds."""
    reachable = {(before, after) for before, _, after in ARCHITECTURE_6} | {(state, state) for state in LevelState}
    twice = {(a, d) for a, b in reachable for c, d in reachable if b is c}
    level = level_in(LevelState.FRESH)
    for word in life:
        after = happen(level, word, auto_reenter=reenter)
        assert (level.state, after.state) in twice
        if level.state in (LevelState.OCO_FILLED, LevelState.CLOSED):
            assert after.state is level.state
        level = after
