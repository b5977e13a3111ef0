"""How planted faults are named, listed and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mutation import page
from tests.mutation.faults import Alike, Equivalent, Excuses, Fate, Fault, Wording, change_of, read_excuses, score
from tests.mutation.functions import lines_looked_into
from tests.mutation.run import EQUIVALENTS
from tests.support.places import REPO

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mutation.faults import Score

DIFF = """--- tg1/rules/decide.py
+++ tg1/rules/decide.py
@@ -1,4 +1,4 @@
 def is_due(backoff, now):
-    return (
-        backoff.until <= now
+    return (
+        backoff.until < now
     )
"""
LIVED = Fault(where="is_due", was="a <= b", becomes="a < b", fate=Fate.LIVED)
SAME = Equivalent(module="tg1/rules/decide.py", where="is_due", was="a <= b", becomes="a < b", reason="a is never b")


def fault(fate: Fate) -> Fault:
    """A fault of which only its fate matters."""
    return Fault(where="", was="", becomes="", fate=fate)


def test_change_is_named_by_what_it_takes_away_and_adds() -> None:
    """No line number and no name of a tool is in it, so that it outlives edits elsewhere."""
    assert change_of(DIFF) == ("return ( backoff.until <= now", "return ( backoff.until < now")


def test_score_counts_what_was_judged_and_changes_something() -> None:
    """Three of four were seen; the listed one and the one that was not tried don't count."""
    other = Fault(where="is_due", was="x", becomes="y", fate=Fate.LIVED)
    seen = [fault(Fate.CAUGHT), fault(Fate.CAUGHT), fault(Fate.HUNG)]
    counted = score("tg1/rules/decide.py", [*seen, fault(Fate.UNTRIED), LIVED, other], Excuses(equivalents=(SAME,)))
    assert (counted.total, counted.seen, counted.equivalent, counted.untried) == (6, 3, 1, 1)
    assert counted.living == (other,)
    assert counted.percent == 75.0
    assert counted.stale == ()


def test_listed_change_that_is_caught_or_gone_is_told() -> None:
    """A reason that is no longer true does not stay in the list, and other modules' entries are not looked at."""
    elsewhere = Equivalent(module="tg1/rules/grid.py", where="", was="", becomes="", reason="another module's")
    assert score("tg1/rules/decide.py", [fault(Fate.CAUGHT)], Excuses(equivalents=(SAME, elsewhere))).stale == (SAME,)


def test_nothing_planted_is_nothing_missed() -> None:
    """A module without anything to change is no failure."""
    assert score("tg1/rules/__init__.py", [], Excuses()).percent == 100.0


def test_every_excuse_has_a_reason_and_a_module_that_exists(tmp_path: Path) -> None:
    """The list says why, of modules that are there."""
    empty = tmp_path / "none.toml"
    empty.write_text("# nothing")
    assert read_excuses(empty) == Excuses()
    listed = read_excuses(EQUIVALENTS)
    every: list[Equivalent | Wording] = [*listed.equivalents, *listed.wordings]
    assert [each for each in every if not each.reason or not (REPO / each.module).exists()] == []
    assert all(each.reason for each in listed.alike)


def a_score(module: str, *, seen: int = 3) -> Score:
    """One fault lives, which holds a `|` and a backtick."""
    lives = Fault(where="f", was="a | b", becomes="`a`", fate=Fate.LIVED)
    return score(module, [*[fault(Fate.CAUGHT)] * seen, lives], Excuses())


def test_page_keeps_what_it_says_of_modules_that_were_not_tried_and_are_the_same() -> None:
    """Scores are gathered over several runs; each row bears a short hash of the source that was tried."""
    grid, hours = a_score("tg1/rules/grid.py"), a_score("tg1/rules/hours.py", seen=1)
    together = page.written([grid, hours], Excuses())
    assert page.written([grid], Excuses(), page.written([hours], Excuses())) == together
    assert page.written([hours], Excuses(), together) == together
    assert together.count("- `tg1/rules/grid.py`, f: `a | b` → ``a``") == 1
    better = page.written([a_score("tg1/rules/hours.py", seen=9)], Excuses(), together)
    assert "| `tg1/rules/hours.py` | 90.0 % |" in better
    assert "50.0 %" not in better


def test_page_drops_what_it_says_of_a_module_that_has_changed_or_gone() -> None:
    """A score is of the source that was tried; without a whole run of the new one the module is not measured."""
    old = page.written([a_score("tg1/rules/grid.py"), a_score("tg1/rules/hours.py")], Excuses())
    source = page.source_of("tg1/rules/grid.py")
    edited = old.replace(source, "01234567").replace("hours.py", "moved.py")
    left = page.written([], Excuses(), edited)
    assert "| `tg1/rules/" not in left
    assert "What lives" not in left
    assert "`tg1/rules/grid.py`, " in left.partition("Not measured")[2]


@pytest.mark.parametrize(
    ("was", "becomes", "is_same"),
    [
        ("a * side.sign >= b * side.sign", "a * side.sign >= b / side.sign", True),
        ("a * side.sign >= b * side.sign", "a / side.sign >= b / side.sign", False),
        ("a * quantity", "a / quantity", False),
    ],
    ids=["one place", "two places", "another factor"],
)
def test_kind_of_change_is_excused_wherever_it_stands_once(was: str, becomes: str, *, is_same: bool) -> None:
    """Dividing by +1 or -1 is multiplying with it, in every module."""
    lived = Fault(where="f", was=was, becomes=becomes, fate=Fate.LIVED)
    kind = Alike(pattern=r"\* (\w+\.sign)", becomes=r"/ \1", reason="+1 or -1")
    assert score("m.py", [lived], Excuses(alike=(kind,))).living == (() if is_same else (lived,))


@pytest.mark.parametrize(
    ("was", "becomes", "is_excused"),
    [
        ('cancel(level, "moved on")', 'cancel(level, "XXmoved onXX")', True),
        ("cancel(level, 'moved on', None)", "cancel(level, 'MOVED ON', None)", True),
        ('cancel(level, f"moved to {price}")', "cancel(level, None)", True),
        ('cancel(level, "moved on")', 'cancel(None, "moved on")', False),
        ('cancel(level, "moved on")', "cancel(level)", False),
        ('cancel(level, "over")', 'cancel(level, "XXoverXX")', False),
    ],
    ids=["padded", "louder", "gone", "another level", "dropped", "not the line that is listed"],
)
def test_words_of_the_log_are_excused_and_nothing_beside_them(was: str, becomes: str, *, is_excused: bool) -> None:
    """A listed function answers for everything but the literal words of the lines that are meant."""
    lived = Fault(where="f", was=was, becomes=becomes, fate=Fate.LIVED)
    words = Wording(module="m.py", where="f", saying="moved", reason="the log alone tells it")
    assert score("m.py", [lived], Excuses(wordings=(words,))).living == (() if is_excused else (lived,))
    assert score("other.py", [lived], Excuses(wordings=(words,))).living == (lived,)


def test_constants_fields_and_properties_are_left_to_the_second_tool() -> None:
    """Plain functions, methods, static and class methods are the first one's."""
    source = (
        "A = 1\n"
        "def f():\n"
        "    return 2\n"
        "class C:\n"
        "    b: int = 3\n"
        "    @property\n"
        "    def p(self):\n"
        "        return 4\n"
        "    @staticmethod\n"
        "    def s():\n"
        "        return 5\n"
    )
    assert lines_looked_into(source) == {2, 3, 10, 11}
