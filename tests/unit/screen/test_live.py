"""The ladder on a terminal: drawn where nobody waits for it (behaviour 19)."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from tests.unit.screen.test_ladder import bot, busy, seen
from tg1.screen.live import LadderScreen
from tg1.screen.writer import Writer, end_all

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def screen_on(stream: io.StringIO) -> tuple[LadderScreen, Writer]:
    """A screen with its writer."""
    writer = Writer("test")
    return LadderScreen(writer, Console(file=stream, width=80, height=40, force_terminal=True)), writer


def test_screen_draws_the_last_view_and_can_be_stopped_twice() -> None:
    """Every update replaces the one before."""
    out = io.StringIO()
    screen, writer = screen_on(out)
    screen.show(seen(bot()))
    screen.show(seen(busy()))
    screen.stop()
    screen.stop()
    assert end_all([writer], 30) == []
    assert "MAX QUANTITY REACHED" in out.getvalue()


def test_screen_goes_on_when_its_writer_is_quicker_than_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that was drawn before `offer` came back must not leave a draw asked for that nobody will do."""
    out = io.StringIO()
    screen, writer = screen_on(out)

    def done_at_once(job: Callable[[], object]) -> bool:
        job()
        return True

    monkeypatch.setattr(writer, "offer", done_at_once)
    screen.show(seen(bot()))
    screen.show(seen(busy()))
    assert "MAX QUANTITY REACHED" in out.getvalue()
    assert end_all([writer], 30) == []


def test_screen_drops_frames_that_nobody_reads() -> None:
    """Behaviour 19: the newest frame wins, those between are dropped, and `show` never waits."""
    out = io.StringIO()
    screen, writer = screen_on(out)
    released, begun = threading.Event(), threading.Event()
    writer.offer(begun.set)
    writer.offer(released.wait)
    assert begun.wait(30)
    for cycle in range(1, 1001):
        screen.show(replace(seen(bot()), cycle=cycle))
    released.set()
    assert end_all([writer], 30) == []
    assert "cycle 1000" in out.getvalue()
    assert out.getvalue().count("cycle ") == 1


def test_screen_is_left_alone_once_its_session_has_ended() -> None:
    """Behaviour 19: after SIGHUP nothing is drawn any more."""
    out = io.StringIO()
    writer = Writer("test")
    screen = LadderScreen(writer, Console(file=out, width=80, height=40, force_terminal=True), lambda: True)
    screen.show(seen(bot()))
    screen.stop()
    assert end_all([writer], 30) == []
    assert out.getvalue() == ""


class GoneTerminal(io.StringIO):
    """A terminal whose session was closed."""

    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")


def test_screen_gives_up_when_the_terminal_is_gone() -> None:
    """The bot trades on without its ladder."""
    screen, writer = screen_on(GoneTerminal())
    screen.show(seen(bot()))
    screen.show(seen(bot()))
    screen.stop()
    assert end_all([writer], 30) == []
