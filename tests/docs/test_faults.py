"""Every known failure has its line in docs/faults.toml, its tests are there, and the pages are current."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

import pytest

from tests.docs.faults import Table, faults_of, load, pages
from tests.support.places import REPO

FAULTS = load()["fault"]
TESTS = sorted({test for fault in FAULTS for test in fault["tests"]})
MUTATIONS = sorted({name for fault in FAULTS for name in fault.get("mutations", ())})
LINES = [str(number) for number in range(1, 32)]
CASES = [str(number) for number in range(1, 73)] + ["58a", "58b"]
SHORTEST_REASON = 20


@pytest.mark.parametrize(("page", "numbers"), [("reference", LINES), ("failures", CASES)])
def test_every_known_failure_has_one_line(page: str, numbers: list[str]) -> None:
    """None is left out and none stands there twice."""
    assert Counter(fault["number"] for fault in faults_of(page)) == Counter(numbers)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['page']}-{fault['number']}")
def test_fault_has_a_test_or_a_reason(fault: Table) -> None:
    """What has no test says why it can't happen here."""
    assert fault["failed"]
    assert fault["tests"] or fault.get("mutations") or len(fault.get("now", "")) >= SHORTEST_REASON


@pytest.mark.parametrize("page", ["reference", "failures"])
def test_every_fault_says_what_is_done_instead(page: str) -> None:
    """A line is read by a person."""
    assert [fault["number"] for fault in faults_of(page) if not fault["now"]] == []


@pytest.mark.parametrize("test", TESTS)
def test_test_that_a_fault_names_exists(test: str) -> None:
    """A test that was renamed or removed takes its line with it: mend docs/faults.toml, then `make docs`."""
    path, _, name = test.partition("::")
    assert name in names_in(path)


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutation_that_a_fault_names_exists(name: str) -> None:
    """A mutation is named as `tests/simulation/mutations.py` names it."""
    assert f'name="{name}"' in (REPO / "tests/simulation/mutations.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "text"), pages().items(), ids=list(pages()))
def test_page_is_rendered_from_the_data(name: str, text: str) -> None:
    """`make docs` writes the page anew."""
    assert (REPO / "docs" / name).read_text(encoding="utf-8") == text


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
