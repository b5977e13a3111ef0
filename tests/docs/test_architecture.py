"""ARCHITECTURE.md names files that exist, and tests that name the clauses they are listed for."""

from __future__ import annotations

import re

import pytest

from tests.support.places import REPO

TEXT = (REPO / "ARCHITECTURE.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"\b(?:tg1|tests|bench|systemd)/[\w./@-]*\w", TEXT)))
ROWS = re.findall(r"^\| (\d+(?:\.\d+)?) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", TEXT, re.MULTILINE)
CITED = [(clause, path) for clause, cell in ROWS for path in re.findall(r"`(tests/[^`]+)`", cell)]
RULES = {str(number) for number in range(1, 19)}
CITATION = re.compile(r"[Bb]ehaviours? (\d+(?:\.\d+)?(?:(?:,| and| to)? \d+(?:\.\d+)?)*)")


@pytest.mark.parametrize("path", PATHS)
def test_path_in_architecture_exists(path: str) -> None:
    """A module or folder that the page names is there."""
    assert (REPO / path).exists()


@pytest.mark.parametrize(("clause", "path"), CITED)
def test_test_file_in_the_clause_table_names_its_clause(clause: str, path: str) -> None:
    """The table of clauses claims no test that does not claim the clause itself."""
    text = (REPO / path).read_text(encoding="utf-8")
    named = {number for found in CITATION.findall(text) for number in re.findall(r"\d+(?:\.\d+)?", found)}
    assert clause in named


def test_clause_table_has_every_section_of_the_rulings() -> None:
    """Behaviour 1 to 18 all have a row."""
    assert {clause.split(".")[0] for clause, _ in ROWS} == RULES


def test_every_module_of_the_package_has_its_place_in_the_page() -> None:
    """A module that nobody placed in the picture or a page below it is a part that nobody explained."""
    small = {"__init__", "errors", "flags", "values", "json_kinds", "printed_grid", "paths", "feed_values"}
    modules = [path for path in (REPO / "tg1").rglob("*.py") if path.stem not in small and "paper" not in path.parts]
    assert {name for path in modules if (name := str(path.relative_to(REPO))) not in TEXT} == set()
