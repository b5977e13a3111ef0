"""The page: everything in one file, and nothing that a user wrote is ever taken for markup or script."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.unit.report.stories import a_day, a_run, an_order
from tg1.report import library
from tg1.report.page import in_script, run_page

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & Co"


class Parts(HTMLParser):
    """Tags with their attributes, text by element, and script bodies by id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.scripts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        where = self._open[-1] if self._open else ""
        self.text.setdefault(where, []).append(data)
        if where == "script":
            self.scripts[self.tags[-1][1].get("id") or ""] = data


def page_of(*days: Any, **changes: Any) -> str:
    """A page with a stand-in for the library."""
    return run_page(a_run(*days, **changes), "window.vegaEmbed = 1;", "MIS")


def test_page_tells_the_net_and_what_it_is_made_of() -> None:
    """The first figure is the net of all days (behaviour 15), the page's title too."""
    text = Parts(page_of()).text
    assert text["title"] == ["IRFC-SBIN Grid: +₹44.76 net"]
    shown = " ".join(" ".join(some) for some in text.values())
    assert "net = gross +₹50.00" in shown
    assert "One round trip of 100 IRFC brings 50.00 and costs 5.24 in charges: net +44.76" in shown
    assert "Your place in the queue" in shown
    assert "of each 19 seconds the first, the lowest, the highest and the last value are kept" in shown
    assert "asks for a fifth of it at least" in shown


def test_made_prices_are_said_to_be_made() -> None:
    """Nobody takes them for a real day."""
    assert "These prices are made, from a seed." in page_of(is_made=True)
    assert "These prices are made" not in page_of()


def test_day_comes_with_its_rows_and_its_tables() -> None:
    """As data that the page's own script draws."""
    day = json.loads(Parts(page_of()).scripts["day-0"])
    assert day["title"] == "Monday, 23 November 2026"
    assert day["charts"]["orders_b"]["ended"] == ["cancelled 09:17:40: not next to TokenB's price any more"]
    assert day["levels"][0][:2] == ["B1", "+₹44.76"]
    assert day["margin"][0] == ["Trade", "₹4,895.00", "₹4,900.00"]


def test_several_days_can_be_chosen_and_the_worst_is_open() -> None:
    """A table of days, a chooser, and each day's rows read only when it is opened."""
    bad = a_day(day=date(2026, 11, 25), gross=Decimal(-100))
    parts = Parts(page_of(a_day(), bad))
    options = [attributes for tag, attributes in parts.tags if tag == "option"]
    assert [option["value"] for option in options] == ["0", "1"]
    assert json.loads(parts.scripts["run-data"])["first"] == 1
    assert {"day-0", "day-1"} <= parts.scripts.keys()
    assert "of each 19 seconds" in page_of(a_day(), bad)


def test_nothing_that_a_user_wrote_becomes_markup() -> None:
    """Bot names, symbols, reasons and attention are text wherever they stand."""
    order = an_order(why=EVIL, end="cancelled", symbol=EVIL)
    day = a_day(orders=(order,), attention=(EVIL,), end=EVIL)
    harmless, evil = (
        Parts(page_of(*days, name=name, symbol_b=name, settings=(("prices", name),)))
        for name, days in (("Bot", (a_day(), a_day())), (EVIL, (day, day)))
    )
    assert [tag for tag, _ in evil.tags] == [tag for tag, _ in harmless.tags]
    assert evil.text["h1"] == [EVIL]
    assert json.loads(evil.scripts["day-0"])["attention"] == [EVIL]


def test_page_fetches_nothing() -> None:
    """No address of anything, and a policy that lets nothing be fetched."""
    page = page_of()
    parts = Parts(page)
    policy = next(one["content"] for tag, one in parts.tags if one.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'")
    assert not [one for tag, one in parts.tags if {"src", "href", "action"} & one.keys()]
    assert not re.search(r"url\(|@import", page)


@pytest.mark.parametrize("text", [EVIL, "<!--", "]]>", "a & b", "\u2028\u2029", '"\\'])
def test_data_can_not_end_its_script(text: str) -> None:
    """And comes back as it was."""
    made = in_script({"x": text})
    assert not set("<>&") & set(made)
    assert json.loads(made) == {"x": text}


def test_library_is_one_script_that_sets_what_the_page_calls() -> None:
    """It ends no script element before its time, and is under the size that a page may have."""
    script = library.script()
    assert "window.vegaEmbed=" in script
    assert "</script" not in script.lower()
    assert len(script) < 1_500_000
