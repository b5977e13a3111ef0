"""FAULTS.md has a row for every known failure, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache

import pytest

from tests.support.places import REPO

FACTS = REPO / "../shared/facts"
TEXT = (REPO / "FAULTS.md").read_text(encoding="utf-8")
LINES = [str(number) for number in range(1, 32)]
CASES = [str(number) for number in range(1, 73)] + ["58a", "58b"]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
MUTATIONS = sorted(set(re.findall(r'\(mutation "([^"]+)"\)', TEXT)))
SHORTEST_REASON = 20


def rows_of(title: str) -> list[list[str]]:
    """The cells of the table below a heading, without the table's own head."""
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


TABLES = {"Earlier implementations": LINES, "Systems like ours": CASES}


@pytest.mark.parametrize("title", TABLES)
def test_every_known_failure_has_one_row(title: str) -> None:
    """None is left out and none stands there twice (issue 3)."""
    assert Counter(row[0] for row in rows_of(title)) == Counter(TABLES[title])


@pytest.mark.parametrize("title", [*TABLES, "Security"])
def test_every_row_has_a_test_or_a_reason(title: str) -> None:
    """What has no test says why it can't happen here."""
    rows = rows_of(title)
    assert rows
    assert {len(row) for row in rows} == {4 if title in TABLES else 2}
    bare = [row[0] for row in rows if "`tests/" not in row[-1] and len(row[-1]) < SHORTEST_REASON]
    assert bare == []


def test_every_row_says_what_fails_and_what_is_done_instead() -> None:
    """A row is read by a person."""
    assert [row[0] for title in TABLES for row in rows_of(title) if not all(row)] == []


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_test_that_the_table_names_exists(path: str, name: str) -> None:
    """A test that was renamed or removed takes its row with it."""
    assert name in names_in(path)


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutation_that_the_table_names_exists(name: str) -> None:
    """A mutation is named as `tests/simulation/mutations.py` names it."""
    assert f'name="{name}"' in (REPO / "tests/simulation/mutations.py").read_text(encoding="utf-8")


def test_table_names_no_test_in_a_form_that_is_not_checked() -> None:
    """Every mention of a test file is one of those that are looked up above."""
    mentions = re.findall(r"tests/[\w/]+\.py::\w+", TEXT)
    assert {tuple(each.split("::")) for each in mentions} == set(NAMED)
    assert TEXT.count(".py::") == len(mentions)


@pytest.mark.skipif(not FACTS.exists(), reason="the lists of ../shared/facts are not here")
def test_lists_of_failures_have_not_grown() -> None:
    """A failure that somebody adds to the lists needs a row."""
    numbered = re.compile(r"^(\d+[a-z]?)\. ", re.MULTILINE)
    reference = (FACTS / "reference.md").read_text(encoding="utf-8")
    failures = (FACTS / "failures.md").read_text(encoding="utf-8").partition("\n## How the trusted ones test")[0]
    assert numbered.findall(reference) == LINES
    assert sorted(numbered.findall(failures)) == sorted(CASES)


@cache
def names_in(path: str) -> frozenset[str]:
    """Names of a file's tests: functions, and the test case that Hypothesis makes of a state machine."""
    tree = ast.parse((REPO / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    made = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return frozenset(name for name in functions | made if name.lower().startswith("test"))
