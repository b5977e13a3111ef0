"""One sweep: what is missing is computed and kept, and then everything is read back and ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.screen.output import progress
from tg1.sweep.keys import edition, key_of, market_of, settings_of
from tg1.sweep.standing import tried
from tg1.sweep.walk import first_part
from tg1.sweep.work import Work
from tg1.sweep.workers import done_by_cluster, done_by_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tg1.sweep.combinations import Combination
    from tg1.sweep.command import SweepCommand
    from tg1.sweep.packed import PackedDays
    from tg1.sweep.reading import Prices
    from tg1.sweep.results import Results
    from tg1.sweep.standing import Tried
    from tg1.sweep.work import Done


class Interrupted(Exception):
    """Ctrl-C after `done` of `count` missing results; they are kept."""

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


def swept(command: SweepCommand, prices: Prices, results: Results) -> Swept:
    """Compute what is missing. Raises `Interrupted`, `ResultsLost` and what `workers` raises."""
    first = first_part(prices.days, command.train)
    market = market_of(command.rig, command.wanted.path)
    keys = {
        one.number: key_of(one.config, market, prices.by_symbols[one.config.symbols], edition())
        for one in command.asked.accepted
    }
    known = results.known().intersection(keys.values())
    missing = {keys[one.number]: one for one in command.asked.accepted if keys[one.number] not in known}
    faults = _computed(command, prices, missing, market, results)
    days = dict(results.days(list(dict.fromkeys(keys.values()))))
    lived = ((one, days[keys[one.number]]) for one in command.asked.accepted if keys[one.number] in days)
    return Swept(
        tried=tried(lived, prices.days, first, command.asked.refused),
        computed=len(missing),
        known=len(known),
        faults=faults,
    )


def _computed(
    command: SweepCommand,
    prices: Prices,
    missing: dict[str, Combination],
    market: dict[str, str],
    results: Results,
) -> tuple[str, ...]:
    """Compute and keep; what broke TG1 itself comes back as a sentence each."""
    faults, kept = [], 0
    try:
        with progress("sweeping", len(missing)) as step:
            for done in _done(command, prices, missing):
                one = missing[done.key]
                if done.fault:
                    faults.append(f"{_shown(one)}: {done.fault}")
                else:
                    results.keep(done, _told(one, market, prices))
                    kept += 1
                step("")
    except KeyboardInterrupt as exc:
        raise Interrupted(kept, len(missing)) from exc
    return tuple(faults)


def _done(command: SweepCommand, prices: Prices, missing: dict[str, Combination]) -> Iterator[Done]:
    if not missing:
        return iter(())
    work: Iterator[tuple[PackedDays, Work]] = (
        (
            prices.by_symbols[one.config.symbols],
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
        "prices": prices.by_symbols[one.config.symbols].digest,
        "edition": edition(),
    }


def _shown(one: Combination) -> str:
    return f"{one.pair} {' '.join(one.values)}".strip()
