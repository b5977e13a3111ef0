"""Pictures in ARCHITECTURE.md that are made from the code: `python -m tests.docs.pictures` draws them anew."""

from __future__ import annotations

from tests.support import law
from tests.support.places import REPO

PAGE = REPO / "ARCHITECTURE.md"
BEGIN = "<!-- layers: rendered by `python -m tests.docs.pictures` -->\n"
END = "<!-- /layers -->"
INIT = '%%{init: {"flowchart": {"rankSpacing": 20, "wrappingWidth": 420}}}%%'


def layers() -> str:
    """Return the law's lines as a mermaid picture, the highest on top; `paper` stands apart, as the law has it."""
    lines = [sorted(line - {"paper"}) for line in law.LINES]
    boxes = [f'    l{number}["{" · ".join(line)}"]' for number, line in enumerate(lines)]
    arrows = " --> ".join(f"l{number}" for number in range(len(lines)))
    apart = ['    paper["paper: a program of its own"]', "    l2 -. process .-> paper -. files .-> l7"]
    return "\n".join(["```mermaid", INIT, "flowchart TD", *boxes, f"    {arrows}", *apart, "```", ""])


def with_layers(text: str) -> str:
    """Return the page with the picture of the layers drawn anew between its marks."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + layers() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(with_layers(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
