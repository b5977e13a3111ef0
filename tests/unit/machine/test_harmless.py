"""What only tells, shows or records never stops the bot."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tg1.machine.harmless import Harmless

if TYPE_CHECKING:
    from collections.abc import Callable


def _failing(exc: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise exc

    return fail


def test_a_bug_is_said_once_with_its_traceback_and_what_comes_after_it_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Telling is not trading; and a fault of every cycle would drown the log (behaviour 19)."""
    harmless, done = Harmless(logging.getLogger("tg1.test"), "It can't tell"), []
    for exc in (ValueError("first"), KeyError("second")):
        harmless(_failing(exc))
    harmless(lambda: done.append(1))
    assert done == [1]
    (record,) = caplog.records
    assert (record.getMessage(), record.levelno) == ("It can't tell", logging.ERROR)
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "first"


@pytest.mark.parametrize("exc", [KeyboardInterrupt(), SystemExit(3)])
def test_an_end_that_was_asked_for_is_no_bug(exc: BaseException) -> None:
    """Ctrl-C and an exit code go through."""
    with pytest.raises(type(exc)):
        Harmless(logging.getLogger("tg1.test"), "It can't tell")(_failing(exc))
