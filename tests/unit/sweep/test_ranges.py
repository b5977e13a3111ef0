"""Several values where the bot's flag takes one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.errors import ConfigError
from tg1.sweep.ranges import numbers, words


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.5", ("0.5",)),
        ("0.5,1,2", ("0.5", "1", "2")),
        ("0.5:3:0.5", ("0.5", "1", "1.5", "2", "2.5", "3")),
        ("0.5:3:0.7", ("0.5", "1.2", "1.9", "2.6")),
        ("0.1:0.3:0.1", ("0.1", "0.2", "0.3")),
        ("2, 0.5:1:0.5", ("2", "0.5", "1")),
        ("1,1.0,1.00", ("1",)),
        ("3:3:1", ("3",)),
    ],
)
def test_rupees_of_a_range(text: str, values: tuple[str, ...]) -> None:
    """A range holds its end when a step meets it; a value that is said twice is one."""
    assert numbers("--spread", text, whole=False) == values


@pytest.mark.parametrize(
    ("text", "values"), [("3:6", ("3", "4", "5", "6")), ("3:9:3", ("3", "6", "9")), ("10,100", ("10", "100"))]
)
def test_whole_numbers_go_one_by_one_without_a_step(text: str, values: tuple[str, ...]) -> None:
    """So does a person who counts levels."""
    assert numbers("--steps", text, whole=True) == values


@pytest.mark.parametrize(
    ("text", "whole", "sentence"),
    [
        ("0.5:3", False, "--spread 0.5:3 is no range: write it as BEGIN:END:STEP"),
        ("1:2:3:4", False, "is no range"),
        ("1:3:0", False, "has the step 0: it must be above 0"),
        ("1:3:-1", False, "has the step -1: it must be above 0"),
        ("3:1:0.5", False, "ends below its beginning"),
        ("1,,2", False, "has nothing before or after a comma"),
        ("", False, "has nothing before or after a comma"),
        ("1:x:1", False, "x is not a plain decimal number"),
        ("nan", False, "is not a plain decimal number"),
        ("1e3", False, "is not a plain decimal number"),
        ("1:2:0.5", True, "0.5 is not a whole number"),
        ("2.0", True, "is not a whole number"),
        ("1:1000000:0.01", False, "has 99,999,901 values; at most 10,000 are taken"),
    ],
)
def test_range_that_makes_no_sense_is_refused(text: str, whole: bool, sentence: str) -> None:  # noqa: FBT001  # a parameter
    """In one sentence that names the flag."""
    with pytest.raises(ConfigError, match=r"^--spread ") as caught:
        numbers("--spread", text, whole=whole)
    assert sentence in str(caught.value)


@given(begin=st.integers(1, 500), count=st.integers(1, 50), step=st.integers(1, 99))
def test_steps_are_exact_however_many(begin: int, count: int, step: int) -> None:
    """Hundredths add up as on paper: no float creeps in."""
    first, gap = Decimal(begin) / 100, Decimal(step) / 100
    found = numbers("--spread", f"{first}:{first + (count - 1) * gap}:{gap}", whole=False)
    assert [Decimal(value) for value in found] == [first + number * gap for number in range(count)]


def test_words_are_told_once() -> None:
    """Their order is kept; what they mean is the bot's to judge."""
    assert words("--trade-type", "buyts, gridocots,buyts") == ("buyts", "gridocots")
    with pytest.raises(ConfigError, match="--product MIS, has nothing before or after a comma"):
        words("--product", "MIS,")
