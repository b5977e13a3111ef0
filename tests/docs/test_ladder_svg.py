"""The picture of the ladder shows what the shipped code draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.ladder_svg import PICTURE, morning, seen, words_of
from tests.support.places import REPO

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "python -m tg1.run"


def test_picture_of_the_ladder_is_what_the_screen_shows_today(tmp_path: Path) -> None:
    """A column or a word that changed on the screen changes in the picture, too: `make docs` draws it anew."""
    shown = [line for line in words_of(PICTURE.read_text(encoding="utf-8")) if line != TITLE]
    assert [line for line in shown if line] == [line for line in seen(morning(tmp_path)) if line]


def test_readme_shows_the_picture_of_the_ladder() -> None:
    """A trader sees the screen before he starts it."""
    assert f"({PICTURE.relative_to(REPO)})" in (REPO / "README.md").read_text(encoding="utf-8")
