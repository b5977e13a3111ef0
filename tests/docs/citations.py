"""Finds what the code, the tests and the pages cite, and what a citation can resolve to."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from tests.support.places import REPO

if TYPE_CHECKING:
    from pathlib import Path

DOCS = REPO / "docs"
SPOKEN = {"behaviour": "rules.md", "behaviours": "rules.md", "architecture": "description.md"}
"""What the code calls a page, where that is not its file's name."""
NUMBER = r"(?:[IVX]+\.)?[A-Z]?\d+[a-z]?(?:\.\d+)?|[IVX]+\b"
CITATION = re.compile(
    r"\b(behaviours?|architecture|[a-z]+\.md)(?:\s|#)+"
    rf"((?-i:{NUMBER})(?:(?:,(?: and)?| and| to| or)(?:\s|#)+(?-i:{NUMBER}))*)(?![\w%])",
    re.IGNORECASE,
)
PAGE = re.compile(r"(?<![\w/.@-])(?:[\w-]+/)*[\w-]+\.md\b")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Cited(NamedTuple):
    """One place that a text points to: a file of `docs/` and a section or clause of it."""

    page: str
    number: str


def texts() -> list[Path]:
    """Return every file of a clone that may cite: code, tests, units, pages."""
    kinds = ("*.py", "*.md", "*.toml", "*.service", "*.timer", "*.yaml", "Makefile")
    rooms = ("tg1", "tests", "bench", "systemd", "docs")
    found = [path for kind in kinds for room in rooms for path in (REPO / room).rglob(kind)]
    return sorted({*found, *(path for kind in kinds for path in REPO.glob(kind))})


def cited_in(text: str) -> list[Cited]:
    """Return what a text cites by page and number, e.g. "behaviour 3.3, 4.4" or "xts.md 2.6"."""
    return [
        Cited(SPOKEN.get(page.lower(), page.lower()), number)
        for page, numbers in CITATION.findall(text)
        for number in re.findall(NUMBER, numbers)
    ]


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """Return the anchors that a page offers: those that it names, and those that the usual hosts make of headings."""
    text = page.read_text(encoding="utf-8")
    return frozenset([*ANCHOR.findall(text), *(slug_of(heading) for heading in HEADING.findall(text))])


def slug_of(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    words = re.sub(r"<[^>]+>|[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\s-]", "", words).replace(" ", "-")


def resolves(cited: Cited) -> bool:
    """Whether the page is there and has the section; a group before a number ("I.4") must be the number's own."""
    page = DOCS / cited.page
    group, _, number = cited.number.rpartition(".") if re.match(r"[IVX]+\.", cited.number) else ("", "", cited.number)
    return page.is_file() and number in anchors_of(page) and (not group or is_in_group(page, group, number))


def is_in_group(page: Path, group: str, number: str) -> bool:
    """Whether the number's anchor stands in the group's section of the page."""
    section = page.read_text(encoding="utf-8").partition(f'<a id="{group}"></a>')[2].partition("\n## ")[0]
    return f'<a id="{number}"></a>' in section


def page_exists(name: str, beside: Path) -> bool:
    """Whether a page that a text mentions by its name is in a clone, whatever its case at the start of a sentence."""
    lowered = name[0].lower() + name[1:]
    return any((folder / each).is_file() for folder in (REPO, DOCS, beside) for each in (name, lowered))
