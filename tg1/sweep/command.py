"""What `tg1 sweep` was asked for. The flags stand in `flags`, the combinations in `combinations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.replay.command import rig_of, wanted_of
from tg1.replay.output_files import check_place
from tg1.sweep.combinations import asked
from tg1.sweep.flags import build_parser
from tg1.sweep.heat import axes_of
from tg1.sweep.walk import train_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from tg1.replay.days import Rig
    from tg1.replay.wanted import Wanted
    from tg1.sweep.combinations import Asked
    from tg1.sweep.heat import Axes
    from tg1.sweep.walk import Train


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepCommand:
    """One sweep."""

    asked: Asked
    wanted: Wanted
    """Of no symbol in particular."""
    prices: tuple[Path, ...]
    several_pairs: bool
    """True for `--pairs`: then each pair takes the files that have it."""
    rig: Rig
    train: Train
    results: Path
    jobs: int | None
    dask: str | None
    top: int
    as_json: bool
    as_csv: bool
    axes: Axes | None
    """Of the heat map; None: none is wanted."""
    page: Path | None
    """Where it goes; None: to the usual place."""
    png: Path | None


def parse(argv: Sequence[str]) -> SweepCommand:
    """Understand a command line. Raises `ConfigError`; `SystemExit(0)` after `--help`."""
    given, others = build_parser().parse_known_args(argv)
    if given.dask is not None and given.jobs is not None:
        raise ConfigError("--jobs has no use with --dask: the cluster says how much it does at once.")
    _check_picture(given)
    combinations = asked(given, others)
    return SweepCommand(
        wanted=wanted_of(given, "", ""),
        rig=rig_of(given),
        train=train_of(given.train),
        asked=combinations,
        prices=tuple(given.prices),
        several_pairs=given.pairs is not None,
        results=given.results,
        jobs=given.jobs,
        dask=given.dask,
        top=given.top,
        as_json=given.as_json,
        as_csv=given.as_csv,
        axes=None if given.heat_map is None else axes_of(given.heat_map, combinations),
        page=given.report,
        png=given.png,
    )


def _check_picture(given: argparse.Namespace) -> None:
    """Before an hour's work, not after it."""
    for flag, path, suffix in (("--report", given.report, ".html"), ("--png", given.png, ".png")):
        if path is not None and given.heat_map is None:
            raise ConfigError(f"{flag} has no use without --heat-map, which says what is drawn.")
        if path is not None:
            check_place(flag, path, suffix)
