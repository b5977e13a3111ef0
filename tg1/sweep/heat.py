"""The net over two chosen flags: a cell for each pair of their values, on the first days and on the rest. PURE.

Where other flags vary, too, a cell is the mean of all of its combinations: a place that is good whatever the others say
is worth more than one lucky value of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.settings.flags import flag_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.sweep.combinations import Asked
    from tg1.sweep.standing import Part, Standing, Tried

_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """The two fields across which the net is drawn."""

    x: str
    y: str
    x_values: tuple[str, ...]
    y_values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """All combinations with the same two values, of one pair, on one part of the days. Paise a day."""

    pair: str
    is_first: bool
    """True for the days that are chosen on."""
    x: str
    y: str
    mean: float
    best: float
    worst: float
    count: int
    is_chosen: bool
    """The chosen combination is among them."""


def axes_of(text: str, asked: Asked) -> Axes:
    """What `--heat-map` asks for. Raises `ConfigError` unless it is two flags that have several values."""
    by_name = {flag_of(field).removeprefix("--"): field for field in asked.varied}
    names = [name.strip().removeprefix("--") for name in text.split(",")]
    if len(names) != _TWO or len(set(names)) != _TWO or not by_name.keys() >= set(names):
        there = ", ".join(by_name) or "none"
        raise ConfigError(
            f"--heat-map {text[:60]!r} is not two different flags with several values, such as spread,target-spread; "
            f"flags with several values here: {there}."
        )
    x, y = (by_name[name] for name in names)
    return Axes(x=x, y=y, x_values=_values(asked, x), y_values=_values(asked, y))


def _values(asked: Asked, field: str) -> tuple[str, ...]:
    at = asked.fields.index(field)
    return tuple(dict.fromkeys(one.values[at] for one in asked.accepted))


def cells(axes: Axes, asked: Asked, tried: Tried) -> list[Cell]:
    """A cell for each pair of values that was tried; without a rest, of the first days alone."""
    at = (asked.fields.index(axes.x), asked.fields.index(axes.y))
    groups: defaultdict[tuple[str, str, str], list[Standing]] = defaultdict(list)
    for one in tried.best_first:
        said = one.combination
        groups[said.pair, said.values[at[0]], said.values[at[1]]].append(one)
    return [
        _cell(place, group, [one.first if is_first else one.rest for one in group], is_first=is_first)
        for is_first in ((True, False) if tried.is_judged else (True,))
        for place, group in groups.items()
    ]


def _cell(place: tuple[str, str, str], group: Sequence[Standing], parts: Sequence[Part], *, is_first: bool) -> Cell:
    nets = [part.net / part.days for part in parts]
    pair, x, y = place
    return Cell(
        pair=pair,
        is_first=is_first,
        x=x,
        y=y,
        mean=sum(nets) / len(nets),
        best=max(nets),
        worst=min(nets),
        count=len(nets),
        is_chosen=any(one.rank == 1 for one in group),
    )
