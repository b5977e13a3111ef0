"""Made days: the paper exchange's own prices, to see how a grid trades before there is a file."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.replay.random_days import SETTINGS
from tests.support.places import REPO
from tg1.config import GridOcoConfig
from tg1.replay.made import Made, made_days
from tg1.replay.program import main

if TYPE_CHECKING:
    from pathlib import Path

LINE = [
    *("--bot-name", "T", "--token-a", "IRFC", "--token-b", "SBIN", "--entry-price", "50", "--steps", "5"),
    *("--spread", "1", "--target-spread", "0.5", "--oco-spread", "2", "--qty-a", "100", "--qty-b", "50"),
]


def test_same_seed_makes_the_same_days() -> None:
    """Trading days alone, 22,500 seconds each, both symbols near where they were asked to start."""
    config = GridOcoConfig(**SETTINGS)
    days = list(made_days(config, Made(days=3, seed=7, first_day=date(2026, 11, 20))))
    (again,) = made_days(config, Made(days=1, seed=7, first_day=date(2026, 11, 20)))
    # The 21st and 22nd are a weekend, the 24th is Guru Nanak Jayanti.
    assert [tape.day for tape in days] == [date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 25)]
    assert np.array_equal(days[0].a, again.a)
    assert np.array_equal(days[0].b, again.b)
    for one in days:
        assert (len(one), one.price_events, one.secs[0]) == (22_500, 45_000, 33_300.0)
        assert 400_000 < one.a.min() < one.a.max() < 600_000
    assert not np.array_equal(days[0].a, days[1].a)


def test_bot_without_a_hedge_gets_one_symbol() -> None:
    """TokenB's column is empty, as in a file that has none."""
    config = GridOcoConfig(**(SETTINGS | {"trade_type": "buyts", "token_b_symbol": "", "oco_spread": 0}))
    (tape,) = made_days(config, Made(days=1, seed=1))
    assert (tape.price_events, int(tape.b.max())) == (22_500, 0)


def test_example_day_shows_what_a_grid_does(capsys: pytest.CaptureFixture[str]) -> None:
    """The day of `make replay`: round trips earn, hedges fill, and the net is less than what was realised.

    README tells its figures.
    """
    assert main([*LINE, "--made-days", "1", "--square-off-at", "15:17", "--json"]) == 0
    (day,) = json.loads(capsys.readouterr().out)["days"]
    assert (day["date"], day["end"], day["open"]) == ("2026-11-23", "Stopped: session end", [])
    assert (day["fills"], day["realised"], day["charges"], day["net"]) == (36, "674.00", "224.04", "-41.54")
    told = (REPO / "README.md").read_text(encoding="utf-8")
    assert "13 round trips earned ₹674, and the day still ended at **-₹41.54**" in told


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ([], "give either --prices FILE|FOLDER or --made-days N"),
        (["--made-days", "1", "--prices", "x.csv"], "give either --prices FILE|FOLDER or --made-days N"),
        (["--made-days", "0"], "'0' is not a number of days from 1 to 250"),
        (["--made-days", "one"], "'one' is not a number of days from 1 to 250"),
        (["--prices", "x.csv", "--seed", "2"], "--seed has no use with --prices"),
        (["--made-days", "1", "--to", "2026-11-24"], "--to has no use with --made-days"),
    ],
)
def test_flags_of_made_days_that_make_no_sense_are_refused(
    args: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and exit 2 (behaviour 14)."""
    monkeypatch.chdir(tmp_path)
    assert main([*LINE, *args]) == 2
    assert sentence in capsys.readouterr().err
