"""One sweep: what is missing is computed and kept, and then everything is read back and ranked."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.sweep.keys import edition, key_of, market_of, settings_of
from tg1.sweep.reading import symbols_of
from tg1.sweep.standing import tried
from tg1.sweep.walk import first_part
from tg1.sweep.work import Work
from tg1.sweep.workers import done_by_cluster, done_by_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tg1.sweep.combinations import Combination
    from tg1.sweep.command import SweepCommand
    from tg1.sweep.packed import PackedDays
    from tg1.sweep.reading import Prices
    from tg1.sweep.results import Results
    from tg1.sweep.standing import Tried
    from tg1.sweep.work import Done

    Progress = Callable[[int, int], None]
    """Told (done, all) of the replays of this sweep."""


class Interrupted(Exception):
    """Ctrl-C: what was computed is kept."""

    def __init__(self, done: int, count: int) -> None:
        super().__init__(done, count)
        self.done = done
        self.count = count


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep came to."""

    tried: Tried
    computed: int
    """Replays that were run now."""
    known: int
    """Replays whose results stood in the file already."""
    faults: tuple[str, ...]
    """What broke TG1 itself; these combinations are missing."""


def swept(command: SweepCommand, prices: Prices, results: Results, progress: Progress) -> Swept:
    """Compute what is missing. Raises `Interrupted`, `ResultsLost` and what `workers` raises."""
    first = first_part(prices.days, command.train)
    market = market_of(command.rig, command.wanted.path)
    keys = {
        one.number: key_of(one.config, market, prices.by_symbols[symbols_of(one.config)], edition())
        for one in command.asked.accepted
    }
    known = results.known().intersection(keys.values())
    missing = {keys[one.number]: one for one in command.asked.accepted if keys[one.number] not in known}
    faults = []
    with _counted(len(known), len(known) + len(missing), progress) as count:
        for done in _done(command, prices, missing):
            if done.fault:
                faults.append(f"{_shown(missing[done.key])}: {done.fault}")
            else:
                results.keep(done, _told(missing[done.key], market, prices))
            count()
    days = dict(results.days(list(dict.fromkeys(keys.values()))))
    lived = ((one, days[keys[one.number]]) for one in command.asked.accepted if keys[one.number] in days)
    return Swept(
        tried=tried(lived, prices.days, first, command.asked.refused),
        computed=len(missing),
        known=len(known),
        faults=tuple(faults),
    )


def _done(command: SweepCommand, prices: Prices, missing: dict[str, Combination]) -> Iterator[Done]:
    if not missing:
        return iter(())
    work: Iterator[tuple[PackedDays, Work]] = (
        (
            prices.by_symbols[symbols_of(one.config)],
            Work(key=key, config=one.config, rig=command.rig, edition=edition()),
        )
        for key, one in missing.items()
    )
    if command.dask is not None:
        return done_by_cluster(work, list(prices.by_symbols.values()), command.dask)
    return done_by_processes(work, command.jobs)


def _told(one: Combination, market: dict[str, str], prices: Prices) -> dict[str, str | dict[str, str]]:
    return {
        "pair": one.pair,
        "settings": settings_of(one.config),
        "market": market,
        "prices": prices.by_symbols[symbols_of(one.config)].digest,
        "edition": edition(),
    }


def _shown(one: Combination) -> str:
    return f"{one.pair} {' '.join(one.values)}".strip()


@contextmanager
def _counted(done: int, count: int, progress: Progress) -> Iterator[Callable[[], None]]:
    """Counts what is kept, and says on Ctrl-C how far it came."""
    kept = done

    def one_more() -> None:
        nonlocal kept
        kept += 1
        progress(kept, count)

    progress(kept, count)
    try:
        yield one_more
    except KeyboardInterrupt as exc:
        raise Interrupted(kept, count) from exc
