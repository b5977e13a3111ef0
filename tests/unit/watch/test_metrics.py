"""What Prometheus reads."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from tests.support.looks import a_look, seen
from tests.support.told import LEVEL, a_snapshot
from tg1.watch.metrics import exposition

if TYPE_CHECKING:
    import pytest

UNITS = ("_seconds", "_rupees", "_shares", "_total")
COUNTS = (
    "waiting",
    "faults",
    "state",
    "paper",
    "needs_person",
    "concerns",
    "working",
    "open_levels",
    "expected",
    "seen",
)


def samples(*names: str) -> dict[tuple[str, ...], float]:
    """Every sample of a look at bots of these names, by its name and its labels in their alphabetical order."""
    body = exposition(a_look(*(seen(name=name) for name in names)), 0.25)
    assert body is not None
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_the_money_and_the_health_of_a_bot() -> None:
    """In rupees, seconds and shares."""
    told = samples("Grid")
    assert told["tg1_bot_net_rupees", "Grid"] == -12.5
    assert told["tg1_bot_charges_rupees", "Grid"] == 12.5
    assert told["tg1_bot_open_rupees", "Grid"] == -50.0
    assert told["tg1_bot_last_word_age_seconds", "Grid"] == 0.75
    assert told["tg1_bot_price_rupees", "Grid", "SBIN"] == 120.5
    assert told["tg1_bot_position_shares", "trade", "Grid", "IRFC"] == 100
    assert told["tg1_bot_books_read_total", "trade", "Grid"] == 60
    assert told["tg1_bot_cycles_total", "Grid"] == 61
    assert told["tg1_bot_state", "Grid", "active"] == 1
    assert sum(value for key, value in told.items() if key[0] == "tg1_bot_state") == 1
    assert told["tg1_watch_look_age_seconds",] == 0.25


def test_every_name_says_its_unit() -> None:
    """Or counts something, in the plural or as a yes."""
    names = {key[0] for key in samples("Grid")}
    assert {name for name in names if not name.endswith(UNITS) and not name.endswith(COUNTS)} == set()
    assert all(re.fullmatch(r"tg1_(watch|bot)_[a-z_]+", name) for name in names)


def test_there_are_no_more_series_than_bots_ask_for() -> None:
    """A level, an order or a sentence is no label: ten times the levels are not one series more."""
    few = samples("Grid")
    many = a_snapshot(name="Grid", levels=(LEVEL,) * 200, orders=a_snapshot().orders * 200)
    body = exposition(a_look(seen(many, name="Grid")), 0.25)
    assert body is not None
    assert len(re.findall(rb"(?m)^tg1", body)) == len(few)
    assert max(Counter(key[0] for key in samples("A", "B")).values()) == 18, "two bots, nine states"


def test_what_is_not_known_has_no_sample() -> None:
    """Rather than a 0."""
    money = a_snapshot().money
    assert money is not None
    body = exposition(a_look(seen(a_snapshot(money=replace(money, net=None)))), 0.25)
    assert body is not None
    assert b"\ntg1_bot_net_rupees{" not in body


def test_a_name_is_a_label_whatever_it_holds() -> None:
    """Quotes, backslashes, line ends."""
    odd = 'a "b" \\ c\nd'
    assert samples(odd)["tg1_bot_net_rupees", odd] == -12.5


def test_before_the_first_look_there_is_nothing_to_count() -> None:
    """The families are there, without samples."""
    body = exposition(None, float("inf"))
    assert body is not None
    assert b"# TYPE tg1_bot_net_rupees gauge" in body
    assert re.findall(rb"(?m)^tg1", body) == []


def test_without_the_library_there_are_no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says it in a sentence, and works without."""
    monkeypatch.setitem(sys.modules, "prometheus_client.core", None)
    assert exposition(a_look(seen()), 0.25) is None
