"""Words stay whole at any width (behaviour 19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.screen.wrap import cells, wrapped

WORDS = st.lists(st.text(alphabet="abc₹-@.", min_size=1, max_size=12), min_size=1, max_size=30)


@given(words=WORDS, width=st.integers(min_value=16, max_value=100))
def test_words_stay_whole_and_in_order(words: list[str], width: int) -> None:
    """No word is broken that fits a line, none is lost, and no line is too wide."""
    lines = wrapped(" ".join(words), width)
    assert " ".join(lines).split() == words
    assert all(cells(line) <= width for line in lines)


def test_word_that_is_wider_than_the_terminal_is_broken_not_cut() -> None:
    """An order id longer than the line is still there to be copied."""
    lines = wrapped("x" * 50, 20)
    assert "".join(line.strip() for line in lines) == "x" * 50
    assert max(map(cells, lines)) == 20


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("格子", 4), ("e\u0301", 1), ("", 0)])
def test_columns_are_those_of_a_terminal(text: str, columns: int) -> None:
    """Wide characters take two, combining ones none."""
    assert cells(text) == columns


def test_wide_characters_fit() -> None:
    """A bot's name may be Chinese."""
    assert all(cells(line) <= 20 for line in wrapped("格子 交易 机器人 " * 10, 20))
