"""The law of the house: which way imports point, what is pure, how long a module may be, where its tests are.

The laws themselves stand in `tests/support/law.py`; here they are held against the source, and each is shown to fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import law
from tests.support.homes import ELSEWHERE, without_home
from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Callable

    Law = Callable[[dict[str, str]], set[str]]

HOUSE = law.read_house(REPO / "tg1")
PLAN = dict.fromkeys((name for line in law.LINES for name in line), "")
"""A house with every room and nothing in it."""

LAWS: tuple[Law, ...] = (
    law.unknown_rooms,
    law.wrong_arrows,
    law.circles,
    law.relative_imports,
    law.full_inits,
    law.long_modules,
    law.impurities,
    law.clock_readers,
    law.strange_loggers,
)
BROKEN: tuple[tuple[Law, dict[str, str], str], ...] = (
    (law.unknown_rooms, {"cellar": ""}, "cellar"),
    (law.unknown_rooms, {}, "errors"),
    (law.wrong_arrows, {"xts.a": "from tg1.kite import b", "kite.b": ""}, "xts.a -> kite.b"),
    (law.wrong_arrows, {"store.a": "import tg1.state"}, "store.a -> state"),
    (
        law.wrong_arrows,
        {"store.a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n from tg1.state import S"},
        "store.a -> state",
    ),
    (law.wrong_arrows, {"rules.a": "from tg1.machine import b", "machine.b": ""}, "rules.a -> machine.b"),
    (law.wrong_arrows, {"paper.a": "from tg1.models import Order"}, "paper.a -> models"),
    (law.wrong_arrows, {"run": "from tg1.paper.a import B", "paper.a": ""}, "run -> paper.a"),
    (law.circles, {"xts.a": "import tg1.xts.b", "xts.b": "import tg1.xts.c", "xts.c": "import tg1.xts.a"}, "xts.a"),
    (law.relative_imports, {"xts.a": "from . import b"}, "xts.a"),
    (law.full_inits, {"xts": '"""Words."""\nimport os', "xts.a": ""}, "xts"),
    (law.long_modules, {"xts.a": "x = 1\n" * 301}, "xts.a"),
    (law.impurities, {"rules.a": "import socket"}, "rules.a: socket"),
    (law.impurities, {"rules.a": "from threading import Lock"}, "rules.a: threading.Lock"),
    (law.impurities, {"rules.a": "import urllib.request"}, "rules.a: urllib.request"),
    (law.impurities, {"rules.a": "from datetime import datetime\nx = datetime.now()"}, "rules.a: now"),
    (
        law.impurities,
        {"rules.a": "from datetime import datetime\nx = field(default_factory=datetime.now)"},
        "rules.a: now",
    ),
    (law.impurities, {"rules.a": "def f(clock):\n return clock.monotonic()"}, "rules.a: monotonic"),
    (law.impurities, {"rules.a": "print(1)"}, "rules.a: print"),
    (law.impurities, {"rules.a": "def f(path):\n return path.read_text()"}, "rules.a: read_text"),
    (law.impurities, {"rules.a": "import logging\nlog = logging.getLogger(__name__)"}, "rules.a: getLogger"),
    (law.impurities, {"xts.a": '"""Words. PURE."""\nimport tg1.xts.b', "xts.b": ""}, "xts.a: xts.b"),
    (law.impurities, {"xts.a": '"""Decides. Pure: no clock."""\nimport os'}, "xts.a: os"),
    (law.clock_readers, {"trading.a": "import time"}, "trading.a"),
    (law.clock_readers, {"trading.a": "from datetime import datetime\nx = datetime.now"}, "trading.a"),
    (law.clock_readers, {"trading.a": "import asyncio"}, "trading.a"),
    (law.clock_readers, {"watch.server": "import asyncio\nimport time"}, "watch.server"),
    (law.strange_loggers, {"xts.a": "_log = logging.getLogger(__name__)"}, "xts.a"),
)


@pytest.mark.parametrize("keeps", LAWS, ids=lambda keeps: keeps.__name__)
def test_law_is_kept(keeps: Law) -> None:
    """Nothing breaks the law, and there is no list of exceptions."""
    assert keeps(HOUSE) == set()


@pytest.mark.parametrize(("breaks", "source", "offence"), BROKEN)
def test_law_catches_what_breaks_it(breaks: Law, source: dict[str, str], offence: str) -> None:
    """The guard can fail: a house with this source in it is refused."""
    house = source if breaks is law.unknown_rooms and not source else PLAN | {"": ""} | source
    assert offence in breaks(house)


@pytest.mark.parametrize("keeps", LAWS, ids=lambda keeps: keeps.__name__)
def test_law_has_nothing_against_an_empty_house(keeps: Law) -> None:
    """What the guard finds is found in the source that it was fed."""
    assert keeps(PLAN | {"": ""}) == set()


def test_bot_and_measurements_know_nothing_of_the_tests() -> None:
    """Neither the package nor what measures it needs the tests to run."""
    assert law.strange_imports(HOUSE, "tests", "bench") == set()
    assert law.strange_imports(law.read_house(REPO / "bench"), "tests") == set()
    assert law.strange_imports({"rig": "from tests.support import fakes"}, "tests") == {"rig"}


def test_tests_of_every_module_are_found() -> None:
    """They bear its name (unit/rules/test_decide.py), or stand in a place that `tests/support/homes.py` names."""
    assert without_home(HOUSE, REPO / "tests") == set()


def test_places_of_tests_exist_for_modules_that_exist() -> None:
    """The table of places names no module and no file of yesterday."""
    assert ELSEWHERE.keys() - HOUSE.keys() == set()
    places = {place for places in ELSEWHERE.values() for place in places}
    assert {place for place in places if not (REPO / "tests" / place).exists()} == set()


def test_module_without_tests_is_found() -> None:
    """The guard can fail: a module that nobody tests has no home."""
    assert without_home({"": "", "store": "", "store.cellar": "x = 1"}, REPO / "tests") == {"store.cellar"}
