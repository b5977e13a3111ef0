"""Small sweeps of made days, in process."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.replay.random_days import csv_of, made_day
from tg1.sweep import workers
from tg1.sweep.combinations import asked
from tg1.sweep.flags import build_parser
from tg1.sweep.program import main
from tg1.sweep.standing import Part, Standing, Tried
from tg1.sweep.work import carried_out

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tg1.sweep.combinations import Asked
    from tg1.sweep.packed import PackedDays
    from tg1.sweep.work import Done, Work

GRID = [
    *("--token-a", "IRFC", "--token-b", "SBIN", "--entry-price", "50", "--steps", "4", "--oco-spread", "1"),
    *("--target-spread", "0.5", "--qty-a", "100", "--qty-b", "50", "--allow-off-centre", "--stop-at", "09:25"),
]
FOUR = [*GRID, "--spread", "0.3,0.5", "--product", "MIS,CNC"]
SIX = [*GRID, "--spread", "0.3:0.5:0.1", "--product", "MIS,CNC"]


def prices(folder: Path, *, days: int = 3, rows: int = 150) -> Path:
    """A file of some days that trade a good deal; November has as many days as are asked for."""
    tapes = [made_day(seed, rows=rows, spread=1500.0, day=date(2026, 11, 2 + seed)) for seed in range(days)]
    return csv_of(tapes, folder / "prices.csv")


def line(folder: Path, *args: str, days: int = 3, rows: int = 150) -> list[str]:
    """A command line over `days` made days, in this process alone."""
    path = folder / "prices.csv"
    given = path if path.exists() else prices(folder, days=days, rows=rows)
    return ["--prices", str(given), "--results", str(folder / "r.sqlite"), "--jobs", "1", *args]


def told(capsys: pytest.CaptureFixture[str], argv: list[str]) -> dict[str, Any]:
    """The object of `--json`."""
    assert main([*argv, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


class Counter:
    """Counts the replays that are run, and may interrupt one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[str] = []
        self.interrupt_at = 0
        """Ctrl-C comes in the middle of this replay, counted from 1; 0: never."""
        self._real = carried_out
        monkeypatch.setattr(workers, "carried_out", self)

    def __call__(self, prices: PackedDays, work: Work) -> Done:
        """Run one replay."""
        if self.interrupt_at == len(self.keys) + 1:
            self.interrupt_at = 0
            raise KeyboardInterrupt
        self.keys.append(work.key)
        return self._real(prices, work)


def of(args: list[str]) -> Asked:
    """The combinations of a line."""
    given, others = build_parser().parse_known_args(["--prices", "x", *args])
    return asked(given, others)


def part(net: int, days: int) -> Part:
    """Some days with a net in paise."""
    return Part(days=days, gross=net, charges=0, fills=0, stood_still=0, worst_open=0)


def tried(found: Asked) -> Tried:
    """Every combination nets 1,000 paise times its number on each of two first days, and loses as much on the rest."""
    standings = [
        Standing(
            combination=one,
            first=part(2000 * one.number, 2),
            rest=part(-1000 * one.number, 1),
            nets=(),
            open="",
            ends=(),
            rank=9 - one.number,
        )
        for one in found.accepted
    ]
    return Tried(days=(), first=2, best_first=tuple(standings[::-1]), refused=())
