"""Every citation leads somewhere that a clone has: clauses, sections of the fact sheets, pages, links."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.docs.citations import (
    ANCHOR,
    DOCS,
    LINK,
    PAGE,
    Cited,
    anchors_of,
    cited_in,
    page_exists,
    resolves,
    texts,
)
from tests.support.places import REPO

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {str(path.relative_to(REPO)): path for path in texts()}
PAGES = {name: path for name, path in TEXTS.items() if path.suffix == ".md"}
OF_OTHERS = {"docs/xts.md", "docs/kite.md"}
"""Pages that speak of other projects' files by name."""
OURS = {name: path for name, path in TEXTS.items() if name not in OF_OTHERS}
ABROAD = re.compile(
    r"\b[Ii]ssues? \d|\brulings? \d|(?<![\w.])/(?:work|home|Users|builds)/\w|\.\./shared/(?!data\b)|\u25c6"
)
"""What a clone does not have: our own tickets, machines' paths, folders beside the project, marks of an edition."""


@pytest.mark.parametrize("path", TEXTS.values(), ids=TEXTS)
def test_citation_leads_to_a_clause_or_section_that_is_there(path: Path) -> None:
    """Cite what stands in docs/: "behaviour 3.3" is docs/rules.md, "architecture 16" docs/description.md."""
    assert [cited for cited in cited_in(path.read_text(encoding="utf-8")) if not resolves(cited)] == []


@pytest.mark.parametrize("path", OURS.values(), ids=OURS)
def test_page_that_is_mentioned_is_in_the_clone(path: Path) -> None:
    """A reader who looks for "failures.md" finds it in docs/, or beside the text that names it."""
    mentioned = set(PAGE.findall(path.read_text(encoding="utf-8")))
    assert {name for name in mentioned if not page_exists(name, path.parent)} == set()


@pytest.mark.parametrize("path", OURS.values(), ids=OURS)
def test_text_cites_nothing_that_a_clone_does_not_have(path: Path) -> None:
    """Tickets, rulings by that name and paths of our machines mean nothing to a reader: cite the clause instead."""
    assert ABROAD.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_link_leads_to_a_file_and_an_anchor_that_are_there(path: Path) -> None:
    """Relative links only: what lies on the web is not looked up."""
    links = [link for link in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in link]
    dead = []
    for link in links:
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_anchor_stands_once_in_its_page(path: Path) -> None:
    """Two clauses of one number would make every citation of it ambiguous."""
    assert {
        name for name, times in Counter(ANCHOR.findall(path.read_text(encoding="utf-8"))).items() if times > 1
    } == set()


def test_every_page_can_be_reached_from_the_readme() -> None:
    """A page that nothing links to is a page that nobody reads."""
    reached, ahead = set(), {REPO / "README.md"}
    while ahead:
        reached |= ahead
        linked = {
            (page.parent / link.partition("#")[0]).resolve()
            for page in ahead
            for link in LINK.findall(page.read_text(encoding="utf-8"))
            if link.partition("#")[0].endswith(".md") and "://" not in link
        }
        ahead = linked - reached
    assert {name for name, path in PAGES.items() if name.startswith("docs/") and path not in reached} == set()


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("(behaviour 3.3, 4.4 and 5)", [("rules.md", "3.3"), ("rules.md", "4.4"), ("rules.md", "5")]),
        ("Architecture 16: the loop", [("description.md", "16")]),
        ("behaviour\n    # 6.1 says", [("rules.md", "6.1")]),
        (
            "failures.md I.4, V.58a; xts.md 2.6 to 2.12",
            [*map(tuple, [("failures.md", "I.4"), ("failures.md", "V.58a")]), ("xts.md", "2.6"), ("xts.md", "2.12")],
        ),
        ("its behaviour in 30 s", []),
    ],
)
def test_citations_are_found_as_people_write_them(text: str, cited: list[tuple[str, str]]) -> None:
    """Lists, ranges, line breaks and groups are part of the grammar."""
    assert cited_in(text) == [Cited(*each) for each in cited]


def test_dead_citation_is_seen() -> None:
    """The test can fail: an unknown clause, a missing page, a number in the wrong group."""
    assert not resolves(Cited("rules.md", "99.9"))
    assert not resolves(Cited("nowhere", "1"))
    assert not resolves(Cited("failures.md", "VI.18"))
    assert resolves(Cited("failures.md", "II.18"))
    assert DOCS.is_dir()
