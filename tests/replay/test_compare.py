"""Orders of a day and of its replay: each belongs to one at most, and equal days have no difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.replay.lives import a_life, filled
from tests.support.states import NOW
from tg1.models import OrderStatus, Role
from tg1.replay.compare import Kind, difference, paired

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.replay.order_lives import OrderLife


lives = st.lists(
    st.builds(a_life, st.integers(0, 600), st.sampled_from(["B1", "S2"]), st.sampled_from([Role.ENTRY, Role.TARGET])),
    max_size=8,
).map(lambda each: sorted(each, key=lambda life: life.at))


@given(live=lives, again=lives)
def test_every_order_is_in_one_pair(live: list[OrderLife], again: list[OrderLife]) -> None:
    """With one of its own leg, not further than a minute away, in the order of time on both sides."""
    pairs = paired(live, again)
    assert sorted((id(one) for one, _ in pairs if one)) == sorted(map(id, live))
    assert sorted((id(one) for _, one in pairs if one)) == sorted(map(id, again))
    both = [(one, other) for one, other in pairs if one and other]
    assert all((one.level, one.role) == (other.level, other.role) for one, other in both)
    assert all(abs(one.at - other.at) <= timedelta(seconds=60) for one, other in both)


@given(live=lives)
def test_a_day_is_equal_to_itself(live: list[OrderLife]) -> None:
    """Also where a leg has several orders at the same time."""
    again = [replace(one) for one in live]
    pairs = paired(live, again)
    assert len(pairs) == len(live)
    assert [difference(pair) for pair in pairs] == [None] * len(live)


def test_an_order_that_only_one_sent_does_not_shift_the_others() -> None:
    """The attempt in a client id counts on, so ids say nothing here; the time does."""
    live = [a_life(0), a_life(100), a_life(200)]
    again = [a_life(1), a_life(201)]
    found = [(one and one.at, other and other.at) for one, other in paired(live, again)]
    assert found == [(live[0].at, again[0].at), (live[1].at, None), (live[2].at, again[1].at)]
    assert [one.kind for pair in paired(live, again) if (one := difference(pair))] == [Kind.ONLY_LIVE]
    assert [one.kind for pair in paired(again, live) if (one := difference(pair))] == [Kind.ONLY_REPLAY]


@pytest.mark.parametrize(
    ("live", "again", "kind"),
    [
        ({}, {}, None),
        ({"limit": Decimal("49.05")}, {}, Kind.TERMS),
        ({"quantity": 99}, {}, Kind.TERMS),
        ({"trigger": Decimal("49.05")}, {}, Kind.TERMS),
        ({"account": "upside_oco"}, {}, Kind.TERMS),
        (filled(5), {}, Kind.FILL),
        (filled(5), filled(5, "48.95"), Kind.FILL),
        (filled(5, quantity=60), filled(5), Kind.FILL),
        (filled(5), filled(7), None),
        (filled(5), filled(7.5), Kind.TIME),
        ({"at": NOW + timedelta(seconds=2)}, {}, None),
        ({"at": NOW + timedelta(seconds=3)}, {}, Kind.TIME),
        ({"status": OrderStatus.REJECTED}, {}, Kind.END),
        ({"fault": "no answer"}, {}, Kind.END),
        ({"status": OrderStatus.CANCELLED}, {}, Kind.END),
        ({"status": OrderStatus.CANCELLED, "cancel_at": NOW}, {}, None),
    ],
)
def test_what_is_a_difference(live: dict[str, Any], again: dict[str, Any], kind: Kind | None) -> None:
    """Terms first, then fills, then the broker's refusals, then times beyond two seconds."""
    found = difference((a_life(**live), a_life(**again)))
    assert (found and found.kind) == kind


def test_a_difference_begins_where_the_two_part() -> None:
    """Orders that were sent together differ when the first of them filled or ended."""
    found = difference((a_life(**filled(30)), a_life(**filled(10))))
    assert found is not None
    assert found.at == NOW + timedelta(seconds=10)
    make: Callable[..., OrderLife] = a_life
    alone = difference((None, make(5, **filled(10))))
    assert alone is not None
    assert alone.at == NOW + timedelta(seconds=5)
