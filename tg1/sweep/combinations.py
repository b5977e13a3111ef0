"""Every combination of the values that were asked for, and the bot's own word on each of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from tg1.cli import parse_command
from tg1.errors import ConfigError
from tg1.replay.command import named
from tg1.settings.flags import flag_of
from tg1.sweep.flags import SWEPT, WHOLE, WORDS, pairs_of
from tg1.sweep.ranges import numbers, words

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from tg1.config import GridOcoConfig

MOST = 100_000
"""Combinations of one sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One grid of the sweep."""

    number: int
    """From 1, in the order of the flags."""
    pair: str
    """SBIN/PNB, or SBIN without a hedge."""
    values: tuple[str, ...]
    """As the flags were given them, in the order of `Asked.fields`."""
    config: GridOcoConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a sweep consists of."""

    fields: tuple[str, ...]
    """The bot's fields that were given to the sweep, in order."""
    varied: tuple[str, ...]
    """Those of them that have more than one value."""
    accepted: tuple[Combination, ...]
    refused: tuple[str, ...]
    """The bot's sentence for each combination that it does not accept."""

    @property
    def count(self) -> int:
        """Combinations, the refused ones included."""
        return len(self.accepted) + len(self.refused)


def asked(given: argparse.Namespace, others: Sequence[str]) -> Asked:
    """All combinations, judged as the bot would judge each; `others` are the flags that all of them share.

    Raises `ConfigError` when a value can't be read, and when the bot accepts none of them.
    """
    values = {field: _values(field, text) for field in SWEPT if (text := getattr(given, field)) is not None}
    pairs = pairs_of(given)
    count = len(pairs) * prod(map(len, values.values()))
    if count > MOST:
        raise ConfigError(f"these are {count:,} combinations; at most {MOST:,} are taken: give coarser steps.")
    shared = [*named(others, "sweep"), "--dry-run"]
    accepted, refused = [], []
    for number, (pair, cells) in enumerate(itertools.product(pairs, itertools.product(*values.values())), 1):
        line = dict(zip(values, cells, strict=True))
        try:
            config = _judged(pair, line, shared)
        except ConfigError as exc:
            refused.append(str(exc))
            continue
        accepted.append(Combination(number=number, pair=_told(config), values=cells, config=config))
    if not accepted:
        raise ConfigError(_none_left(refused))
    varied = tuple(field for field, found in values.items() if len(found) > 1)
    return Asked(fields=tuple(values), varied=varied, accepted=tuple(accepted), refused=tuple(refused))


def _values(field: str, text: str) -> tuple[str, ...]:
    flag = flag_of(field)
    return words(flag, text) if field in WORDS else numbers(flag, text, whole=field in WHOLE)


def _judged(pair: tuple[str, str], line: dict[str, str], shared: list[str]) -> GridOcoConfig:
    symbols = [f"{flag_of(field)}={symbol}" for field, symbol in _symbols(pair) if symbol]
    config = parse_command(
        [*shared, *symbols, *(f"{flag_of(field)}={cell}" for field, cell in line.items())], {}
    ).config
    if config.ignore_market_hours:
        raise ConfigError("--ignore-market-hours has no use in a sweep: its days end when the session does.")
    return config


def _symbols(pair: tuple[str, str]) -> Iterator[tuple[str, str]]:
    return zip(("token_a_symbol", "token_b_symbol"), pair, strict=True)


def _told(config: GridOcoConfig) -> str:
    return f"{config.token_a_symbol}/{config.token_b_symbol}" if config.has_oco else config.token_a_symbol


def _none_left(refused: Sequence[str]) -> str:
    if len(refused) == 1:
        return refused[0]
    return f"the bot accepts none of {len(refused):,} combinations; the first: {refused[0]}"
