"""ARCHITECTURE.md and the lists below it name files that exist, and tests that name the clauses they are listed for."""

from __future__ import annotations

import re

import pytest

from tests.docs.clauses import citing, clauses, modules
from tests.docs.pictures import LEVELS_PAGE, with_layers, with_levels, with_moves
from tests.support.places import REPO

TEXT = (REPO / "ARCHITECTURE.md").read_text(encoding="utf-8")
CLAUSES = (REPO / "docs/clauses.md").read_text(encoding="utf-8")
MODULES = (REPO / "docs/modules.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"\b(?:tg1|tests|bench|systemd|docs)/[\w./@-]*\w", TEXT + CLAUSES + MODULES)))
ROWS = re.findall(r"^\| \[([\d.]+)\]\(\S+\) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", CLAUSES, re.MULTILINE)
CITED = [(clause, path) for clause, cell in ROWS for path in re.findall(r"`(tests/[^`]+)`", cell)]
NAMING = citing("tests")


@pytest.mark.parametrize("path", PATHS)
def test_path_in_architecture_exists(path: str) -> None:
    """A module or folder that the pages name is there; for the lists, `make docs` writes them anew."""
    assert (REPO / path).exists()


@pytest.mark.parametrize(("clause", "path"), CITED)
def test_test_file_in_the_clause_table_names_its_clause(clause: str, path: str) -> None:
    """The table of clauses claims no test that does not claim the clause itself."""
    assert path in NAMING[clause]


def test_clause_table_has_every_clause_of_the_rules() -> None:
    """Each has its row."""
    assert [clause for clause, _ in ROWS] == list(clauses())


COMING: set[str] = set()
"""Clauses whose code and tests are being written."""


@pytest.mark.parametrize("clause", [clause for clause in clauses() if clause not in COMING])
def test_every_clause_is_named_by_a_test(clause: str) -> None:
    """A rule that no test names is a promise that nobody keeps."""
    assert NAMING[clause]


def test_every_module_of_the_package_has_its_place_in_the_list() -> None:
    """A module that nobody placed is a part that nobody explained: `make docs` places it."""
    assert sorted(re.findall(r"\(\.\./(tg1/[\w/]+\.py)\)", MODULES)) == sorted(modules())


def test_architecture_names_every_wing() -> None:
    """Whoever reads one page knows all rooms of the house."""
    wings = {f"tg1/{path.name}" for path in (REPO / "tg1").iterdir() if (path / "__init__.py").exists()}
    assert {wing for wing in wings if wing not in TEXT} == set()


def test_picture_of_the_layers_is_the_law() -> None:
    """The drawing is made from the table that `tests/unit/test_layers.py` holds the imports to: `make docs`."""
    assert with_layers(TEXT) == TEXT


def test_picture_of_the_level_machine_is_its_table() -> None:
    """Architecture 6: the drawing and the list are made from the table that moves the levels: `make docs`."""
    assert with_levels(TEXT) == TEXT
    page = LEVELS_PAGE.read_text(encoding="utf-8")
    assert with_moves(page) == page
