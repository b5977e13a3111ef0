"""docs/clauses.md and docs/modules.md, made from the code: `python -m tests.docs.clauses` writes them anew."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from tests.docs.citations import DOCS, cited_in
from tests.support.places import REPO

RULES = "rules.md"
CLAUSES_HEAD = """# Which clause lives where

For each clause of [rules.md](rules.md): the modules that cite it, and the test files that name it.
`python -m tests.docs.clauses` writes this page anew. `tests/docs/test_architecture.py` holds it true: every clause has
a row, every path is there, and every test file names its clause.

| clause | what | modules | tests |
|---|---|---|---|
"""
MODULES_HEAD = """# Every module in a line

The first sentence of each module's docstring, wing by wing. [ARCHITECTURE.md](../ARCHITECTURE.md) tells how they work
together. `python -m tests.docs.clauses` writes this page anew.
"""


def clauses() -> dict[str, str]:
    """Return number → title of each clause, and of each section that has none, in the page's order."""
    text = (DOCS / RULES).read_text(encoding="utf-8")
    titles = dict(re.findall(r'^##+ <a id="([\d.]+)"></a>[\d.]+ (.+)$', text, re.MULTILINE))
    with_clauses = {number.partition(".")[0] for number in titles if "." in number} - {"8"}
    return {number: title for number, title in titles.items() if number not in with_clauses}


def citing(room: str) -> dict[str, list[str]]:
    """Return clause → files below a folder that cite it, sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((REPO / room).rglob("*.py")):
        if path.parts[-2] != "docs":
            for number in sorted(
                {cited.number for cited in cited_in(path.read_text(encoding="utf-8")) if cited.page == RULES}
            ):
                found[number].append(str(path.relative_to(REPO)))
    return found


def clauses_page() -> str:
    """Return the table of clauses as markdown."""
    modules, tests = citing("tg1"), citing("tests")

    def row(number: str, title: str) -> str:
        cells = [" ".join(f"`{path}`" for path in found.get(number, [])) or "-" for found in (modules, tests)]
        return f"| [{number}](rules.md#{number}) | {title} | {cells[0]} | {cells[1]} |"

    return CLAUSES_HEAD + "\n".join(row(*each) for each in clauses().items()) + "\n"


def modules() -> dict[str, str]:
    """Return path → first sentence of the docstring of each module of the package."""
    paths = sorted(path for path in (REPO / "tg1").rglob("*.py") if path.stem != "__init__")
    return {str(path.relative_to(REPO)): sentence_of(path.read_text(encoding="utf-8")) for path in paths}


def sentence_of(source: str) -> str:
    """Return the first line of a module's docstring, joined to the end of its sentence."""
    text = " ".join((ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0].split())
    return text if len(text) < 240 else re.split(r"(?<=\.)\s", text)[0]


def modules_page() -> str:
    """Return the list of modules as markdown, a table per folder."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for path, sentence in modules().items():
        folder, _, name = path.rpartition("/")
        cell = sentence.replace("|", "\\|")
        rooms[folder].append(f"| [`{name}`](../{path}) | {cell} |")
    tables = [
        f"\n## {folder}\n\n| module | what it does |\n|---|---|\n" + "\n".join(rows) for folder, rows in rooms.items()
    ]
    return MODULES_HEAD + "\n".join(tables) + "\n"


if __name__ == "__main__":
    (DOCS / "clauses.md").write_text(clauses_page(), encoding="utf-8")
    (DOCS / "modules.md").write_text(modules_page(), encoding="utf-8")
