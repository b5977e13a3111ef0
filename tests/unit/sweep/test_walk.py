"""Walk-forward: which days are chosen on, and which are judged on."""

from __future__ import annotations

from datetime import date

import pytest

from tg1.errors import ConfigError
from tg1.sweep.walk import first_part, train_of

DAYS = [date(2026, 11, day) for day in range(1, 11)]


@pytest.mark.parametrize(
    ("text", "count"),
    [(None, 6), ("0.6", 6), (".25", 3), ("0.01", 1), ("0.99", 9), ("4", 4), ("2026-11-07", 7), ("2026-11-01", 1)],
)
def test_first_part_of_ten_days(text: str | None, count: int) -> None:
    """A part is rounded half up and leaves a day on either side; a date is the last day of the first part."""
    assert first_part(DAYS, train_of(text)) == count


def test_single_day_has_no_rest_unless_somebody_asks_for_one() -> None:
    """One day can be chosen on; to judge there is nothing, and who wants it is told."""
    assert first_part(DAYS[:1], train_of(None)) == 1
    with pytest.raises(ConfigError, match=r"--train leaves 1 of 1 days .*: the rest has no day to judge on"):
        first_part(DAYS[:1], train_of("0.6"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10", "leaves 10 of 10 days (2026-11-01 to 2026-11-10): the rest has no day to judge on"),
        ("11", "leaves 11 of 10 days"),
        ("2026-10-31", "leaves 0 of 10 days (2026-11-01 to 2026-11-10): the first part has no day to choose on"),
        ("2026-11-10", "the rest has no day to judge on"),
    ],
)
def test_part_without_days_is_refused(text: str, sentence: str) -> None:
    """With the days that there are."""
    with pytest.raises(ConfigError) as caught:
        first_part(DAYS, train_of(text))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("text", ["", "0", "0.0", "1.0", "1.5", "-3", "half", "0.6.1", "2026-13-01"])
def test_word_that_is_no_split_is_refused(text: str) -> None:
    """A part lies between 0 and 1, a number is whole, a date is one."""
    with pytest.raises(ConfigError, match="--train"):
        train_of(text)
