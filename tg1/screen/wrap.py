"""Text for a terminal's width: broken between words, so that what needs a person is whole (behaviour 19). PURE."""

from __future__ import annotations

import textwrap
import unicodedata


def wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    """Return the text in as many lines as it needs; all but the first begin with the indent.

    Only a word that is wider than the terminal is broken.
    """
    if cells(text) <= width:
        return [text]
    # Wide characters take two columns; where there are some, half the room is surely enough for all.
    room = width if cells(text) == len(text) else width // 2
    return textwrap.wrap(text, max(room, len(indent) + 1), subsequent_indent=indent, break_on_hyphens=False)


def cells(text: str) -> int:
    """Columns that the text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)
