"""A bot's recorded day as prices: `tg1 replay --prices RECORD`, at the instants at which the bot heard them."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.records import a_begun, line_of
from tests.support.states import IST
from tg1.data.program import main as data
from tg1.errors import ConfigError
from tg1.record.values import Cycle, Tick
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.program import main
from tg1.replay.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OPEN = datetime(2026, 11, 23, 9, 15, tzinfo=IST)
PAIR = Wanted(symbol_a="IRFC", symbol_b="SBIN")
ARGS = [
    *("--bot-name", "T", "--token-a", "IRFC", "--token-b", "SBIN", "--entry-price", "50", "--spread", "1"),
    *("--target-spread", "0.5", "--oco-spread", "2", "--qty-a", "100", "--qty-b", "50", "--stop-at", "09:16"),
]


def a_look(secs: float, a: str | None, b: str | None, *ticks: tuple[float, str, str]) -> Cycle:
    """A cycle of the morning, with ticks so many seconds before it."""
    return Cycle(
        at=OPEN + timedelta(seconds=secs),
        read_us=50,
        price_a=None if a is None else Decimal(a),
        price_b=None if b is None else Decimal(b),
        ticks=tuple(Tick(before_us=round(s * 1e6), symbol=name, price=Decimal(price)) for s, name, price in ticks),
    )


def recorded(folder: Path, cycles: Iterable[Cycle], name: str = "T_2026-11-23.jsonl") -> Path:
    """A record with these cycles after a start."""
    path = folder / name
    data = line_of(a_begun(at=OPEN)) + b"".join(map(line_of, cycles))
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


MORNING = [
    a_look(0, "50.00", "120.50"),
    a_look(1, "49.00", "120.50", (0.7, "IRFC", "48.90"), (0.2, "IRFC", "49.00")),
    a_look(2, None, "120.50"),
    a_look(3, "49.50", "121.00", (0.5, "IRFC", "49.50"), (0.5, "SBIN", "121.00")),
]


def test_every_price_that_the_bot_heard_is_there_when_it_came(tmp_path: Path) -> None:
    """Also one that no cycle saw; what was there before the first tick is what the first cycle saw."""
    (tape,) = day_tapes([recorded(tmp_path, MORNING)], PAIR)
    begin = 9 * 3600 + 15 * 60
    assert tape.day == date(2026, 11, 23)
    assert (tape.secs - begin).round(3).tolist() == [0.0, 0.3, 0.8, 2.5]
    assert (tape.a / 10_000).tolist() == [50.0, 48.9, 49.0, 49.5]
    assert (tape.b / 10_000).tolist() == [120.5, 120.5, 120.5, 121.0]
    assert tape.price_events == 6


@pytest.mark.parametrize("name", ["T_2026-11-23.jsonl", "T_2026-11-23.jsonl.gz"])
def test_a_recorded_day_is_replayed_with_any_flags(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The entry at 49.00 fills at 48.90, between two cycles of the recorded bot; its target fills at 49.50."""
    path = recorded(tmp_path, [*MORNING, a_look(59, "49.60", "121.00")], name)
    assert main(["--prices", str(path), *ARGS, "--json"]) == 0
    (day,) = json.loads(capsys.readouterr().out)["days"]
    assert (day["date"], day["fills"]) == ("2026-11-23", 2)
    assert main(["--prices", str(tmp_path), *ARGS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["days"][0]["net"] == day["net"]
    assert data(["check", str(path)]) == 1
    assert "short day     2026-11-23" in capsys.readouterr().out


def refusal(path: Path, wanted: Wanted = PAIR) -> str:
    """Why the prices of a file are refused."""
    with pytest.raises(ConfigError) as caught:
        list(day_tapes(price_files([path]), wanted))
    return str(caught.value)


def test_records_that_can_not_be_believed_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With file and line, as every file of prices is."""
    path = recorded(tmp_path, MORNING)
    assert "has no prices of PNB; it has prices of IRFC, SBIN" in refusal(path, Wanted(symbol_a="PNB"))
    assert "2026-11-23 has 1 price of SBIN; a day needs two" in refusal(recorded(tmp_path, MORNING[:2]))
    damaged: Any = recorded(tmp_path, MORNING)
    damaged.write_bytes(damaged.read_bytes().replace(b'"48.90"', b'"zero"'))
    assert f"{path.name} line 3 holds what no record holds" in refusal(path)
    path.write_text("{}\n")
    assert main(["--prices", str(path), *ARGS]) == 2
    assert capsys.readouterr().err.startswith("tg1 replay:")


def test_a_clock_that_was_put_back_tells_no_time_twice(tmp_path: Path) -> None:
    """What it tells twice counts once, until it has caught up."""
    back = [a_look(0, "50.00", "120.50"), a_look(5, "49.00", "121.00"), a_look(2, "48.00", "121.00")]
    (tape,) = day_tapes([recorded(tmp_path, [*back, a_look(6, "47.00", "121.00")])], PAIR)
    assert (tape.a / 10_000).tolist() == [50.0, 48.0, 47.0]
    assert (tape.secs[1:] > tape.secs[:-1]).all()
