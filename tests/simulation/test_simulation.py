"""The bot under a seeded storm, and the proof that the storm's invariants can fail (behaviour 3 to 11)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.simulation import effectiveness, lived
from tests.simulation.chaos import ALL_KINDS, CALM, HELL
from tests.simulation.crash_matrix import Story
from tests.simulation.days import Run, bots_of, plan_of
from tests.simulation.invariants import ALL_INVARIANTS, Violation
from tests.simulation.mutations import MANY_HEDGES, MUTATIONS, Mutation
from tests.simulation.replay import failure_of, report

if TYPE_CHECKING:
    from collections.abc import Iterable

SEEDS = range(1000, 1008)
SEEDS_PER_MUTATION = 14


@pytest.mark.parametrize("seed", SEEDS)
def test_bot_keeps_every_invariant_through_faulty_days(seed: int) -> None:
    """Days of faults at every seam: nothing lost, nothing doubled (behaviour 3, 4, 5, 7, 9, 11)."""
    found, _ = failure_of(seed, 2)
    assert found is None, report(seed, 2)


def test_same_seed_gives_the_same_run() -> None:
    """A failing run can be replayed: two runs of a seed leave the same trail."""
    trails = []
    for _ in range(2):
        run = Run(7, weather=HELL)
        run.days(1)
        trails.append(list(run.street.trail))
    assert trails[0] == trails[1]
    assert len(trails[0]) > 50


def test_every_kind_of_day_is_lived() -> None:
    """Neither a fault nor a kind of day is on paper only: a few seeds of the roughest weather have had each of them.

    Ten bots on one key and completed grids are rare; `make simulate` asks for them, too.
    """
    injected: Counter[str] = Counter()
    had: Counter[str] = Counter()
    for seed in (3035, 3014, 3031, 3043, *range(3030, 3050)):
        run = Run(seed, weather=HELL)
        tally = run.days(2)
        injected.update(tally.injected)
        had.update(tally.lived)
        if (+injected).keys() == set(ALL_KINDS) and not lived.missing(had, but=lived.RARE):
            break
    assert {kind for kind, number in injected.items() if number} == set(ALL_KINDS)
    assert lived.missing(had, but=lived.RARE) == []


def test_plan_of_a_seed_has_the_limits_of_the_key_and_sometimes_many_bots() -> None:
    """Behaviour 11.3, 17: limits are on in every run; one seed in ten has two bots, one in fifty has ten."""
    assert all(plan_of(seed).quirks.rate_limit for seed in range(200))
    assert Counter(bots_of(seed) for seed in range(200)) == {1: 176, 2: 20, 10: 4}


@pytest.mark.simulation
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_invariant_catches_the_code_that_was_broken_for_it(mutation: Mutation) -> None:
    """Each invariant can fail: with only it switched on, the broken code is caught within a few seeds."""
    caught = None
    with mutation.apply():
        for seed in range(SEEDS_PER_MUTATION):
            try:
                Run(seed, only=frozenset({mutation.invariant}), changes=mutation.changes).days(2)
            except Violation as exc:
                if exc.invariant == mutation.invariant:
                    caught = exc
                    break
    assert caught is not None


SEEDS_OF_HEDGES = (8002, 8003, 8010)


def hedges_of(seeds: Iterable[int], **settings: object) -> Counter[str]:
    """How the hedges of some calm, lively days ended whose price TokenB passed."""
    total: Counter[str] = Counter()
    for seed in seeds:
        run = Run(seed, weather=CALM, changes={**MANY_HEDGES, **settings}, only=frozenset())
        run.street.poll_interval = lambda: 1.0  # type: ignore[method-assign]
        run.days(2)
        total += run.tally.hedges
    return total


def test_hedges_hedge_and_the_count_can_fall() -> None:
    """Hedges that lie behind the market in silence pull the figure down; as the bot is, each is met (behaviour 6.1)."""
    hedges = hedges_of(SEEDS_OF_HEDGES)
    assert sum(hedges[kind] for kind in effectiveness.MET) > 20
    assert (effectiveness.share(hedges) or 0) >= 99.9
    with next(each for each in MUTATIONS if each.name == "hedges lie behind the market").apply():
        broken = hedges_of(SEEDS_OF_HEDGES)
    assert (effectiveness.share(broken) or 0) < 90


def test_every_invariant_has_a_mutation() -> None:
    """The list of mutations leaves no invariant unproven."""
    assert {mutation.invariant for mutation in MUTATIONS} == set(ALL_INVARIANTS)


def test_told_day_of_the_crash_matrix_visits_every_kind_of_step() -> None:
    """The matrix can only be complete if its day has every request and every file operation in it."""
    story = Story()
    story.run()
    assert story.ends == ["0 Stopped: session end", "0 Stopped: by signal"]
    told = {label.split()[0] if "/" not in label else label for label in story.labels}
    files = {"read", "open", "write", "write_rest", "fsync", "rename", "link", "unlink", "sync_dir", "make_dir"}
    calls = {
        f"{when} {call}"
        for when in ("before", "handled", "answered")
        for call in (
            "POST /interactive/user/session",
            "POST /interactive/orders",
            "DELETE /interactive/orders",
            "GET /interactive/orders",
        )
    }
    assert told == files | calls | {"wait"}
