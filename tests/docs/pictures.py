"""Pictures and tables that are made from the code: `python -m tests.docs.pictures` draws them anew."""

from __future__ import annotations

from tests.support import law
from tests.support.places import REPO
from tg1.models import LevelState
from tg1.rules.transitions import MOVES

PAGE = REPO / "ARCHITECTURE.md"
BEGIN = "<!-- layers: rendered by `python -m tests.docs.pictures` -->\n"
END = "<!-- /layers -->"
LEVELS_PAGE = REPO / "docs/levels.md"
LEVELS_BEGIN = "<!-- levels: rendered by `python -m tests.docs.pictures` -->\n"
LEVELS_END = "<!-- /levels -->"
INIT = '%%{init: {"flowchart": {"rankSpacing": 20, "wrappingWidth": 420}}}%%'


def layers() -> str:
    """Return the law's lines as a mermaid picture, the highest on top; `paper` stands apart, as the law has it."""
    lines = [sorted(line - {"paper"}) for line in law.LINES]
    boxes = [f'    l{number}["{" · ".join(line)}"]' for number, line in enumerate(lines)]
    arrows = " --> ".join(f"l{number}" for number in range(len(lines)))
    apart = ['    paper["paper: a program of its own"]', "    l2 -. process .-> paper -. files .-> l7"]
    return "\n".join(["```mermaid", INIT, "flowchart TD", *boxes, f"    {arrows}", *apart, "```", ""])


def levels() -> str:
    """Return the level machine as a mermaid picture: one arrow for each move of its table."""
    arrows = [f"    {before} --> {after}: {event}" for before, row in MOVES.items() for event, after in row.items()]
    ends = [f"    {state} --> [*]" for state, row in MOVES.items() if not row]
    start = f"    [*] --> {LevelState.FRESH}"
    return "\n".join(["```mermaid", "stateDiagram-v2", start, *arrows, *ends, "```", ""])


def moves() -> str:
    """Return the level machine as a table, states that no event leaves included."""
    head = ["| state | event | next state |", "|---|---|---|"]
    rows = [f"| {before} | {event} | {after} |" for before, row in MOVES.items() for event, after in row.items()]
    ends = [f"| {state} | none: for good | |" for state, row in MOVES.items() if not row]
    return "\n".join([*head, *rows, *ends, ""])


def with_layers(text: str) -> str:
    """Return the page with the picture of the layers drawn anew between its marks."""
    return _between(text, BEGIN, layers(), END)


def with_levels(text: str) -> str:
    """Return the page with the picture of the level machine drawn anew between its marks."""
    return _between(text, LEVELS_BEGIN, levels(), LEVELS_END)


def with_moves(text: str) -> str:
    """Return the page of the level machine with its table drawn anew between its marks."""
    return _between(text, LEVELS_BEGIN, moves(), LEVELS_END)


def _between(text: str, begin: str, made: str, end: str) -> str:
    before, _, rest = text.partition(begin)
    return before + begin + made + end + rest.partition(end)[2]


if __name__ == "__main__":
    PAGE.write_text(with_levels(with_layers(PAGE.read_text(encoding="utf-8"))), encoding="utf-8")
    LEVELS_PAGE.write_text(with_moves(LEVELS_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
