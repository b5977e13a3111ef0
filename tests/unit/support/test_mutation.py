"""How planted faults are named, listed and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mutation.faults import Equivalent, Fate, Fault, change_of, read_equivalents, score
from tests.mutation.functions import lines_looked_into
from tests.mutation.run import EQUIVALENTS
from tests.support.places import REPO

if TYPE_CHECKING:
    from pathlib import Path

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
    counted = score("tg1/rules/decide.py", [*seen, fault(Fate.UNTRIED), LIVED, other], [SAME])
    assert (counted.total, counted.seen, counted.equivalent, counted.untried) == (6, 3, 1, 1)
    assert counted.living == (other,)
    assert counted.percent == 75.0
    assert counted.stale == ()


def test_listed_change_that_is_caught_or_gone_is_told() -> None:
    """A reason that is no longer true does not stay in the list, and other modules' entries are not looked at."""
    elsewhere = Equivalent(module="tg1/rules/grid.py", where="", was="", becomes="", reason="another module's")
    assert score("tg1/rules/decide.py", [fault(Fate.CAUGHT)], [SAME, elsewhere]).stale == (SAME,)


def test_nothing_planted_is_nothing_missed() -> None:
    """A module without anything to change is no failure."""
    assert score("tg1/rules/__init__.py", [], []).percent == 100.0


def test_every_equivalent_has_a_reason_and_a_module_that_exists(tmp_path: Path) -> None:
    """The list says why, of modules that are there."""
    empty = tmp_path / "none.toml"
    empty.write_text("# nothing")
    assert read_equivalents(empty) == []
    assert [
        each for each in read_equivalents(EQUIVALENTS) if not each.reason or not (REPO / each.module).exists()
    ] == []


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
