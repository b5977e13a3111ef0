"""The pages of `docs/` that are rendered from `docs/faults.toml`: `python -m tests.docs.faults` writes them anew."""

from __future__ import annotations

import tomllib
from typing import Any

from tests.support.places import REPO

SOURCE = REPO / "docs/faults.toml"
RENDERED = "<!-- rendered from faults.toml by `python -m tests.docs.faults`: change that file, not this one -->"
TOLD = (
    ("source", "Seen in"),
    ("cost", "Costs"),
    ("now", "TG1"),
    ("caught", "Caught by"),
    ("soak", "In the simulated days"),
)
"""Fields of a fault that its page tells, and the words before them."""

Table = dict[str, Any]


def load() -> dict[str, list[Table]]:
    """Return the tables of the source: `page`, `group` and `fault`, each in the file's order."""
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


def faults_of(page: str) -> list[Table]:
    """Return the faults of one page, in order."""
    return [fault for fault in load()["fault"] if fault["page"] == page]


def render(page: Table, groups: list[Table], faults: list[Table]) -> str:
    """Return one page as markdown: a heading with an anchor per fault, one test a line."""
    parts = [f"# {page['title']}", RENDERED, page["intro"].strip()]
    for name, title in [(group["name"], group["title"]) for group in groups] or [("", "")]:
        parts += [f'## <a id="{name}"></a>{name}. {title}'] if name else []
        parts += [entry_of(fault) for fault in faults if fault.get("group", "") == name]
    return "\n\n".join([*parts, page.get("outro", "").strip()]).strip() + "\n"


def entry_of(fault: Table) -> str:
    """Return the heading, the facts and the tests of one fault."""
    number, told = fault["number"], fault["failed"]
    lines = [f'### <a id="{number}"></a>{number}. {told[0].upper()}{told[1:]}', ""]
    lines += [f"- {words}: {fault[key]}" for key, words in TOLD if fault.get(key)]
    lines += [f"- `{test}`" for test in fault["tests"]]
    return "\n".join(lines + [f'- mutation "{name}"' for name in fault.get("mutations", ())])


def pages() -> dict[str, str]:
    """Return file name → text of every rendered page."""
    tables = load()
    return {
        f"{page['name']}.md": render(
            page, [group for group in tables["group"] if group["page"] == page["name"]], faults_of(page["name"])
        )
        for page in tables["page"]
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (REPO / "docs" / name).write_text(text, encoding="utf-8")
