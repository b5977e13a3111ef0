"""The engine as it ships, with its cycles recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.grid_engine import GridOcoEngine

if TYPE_CHECKING:
    from tg1.errors import ExitCode
    from tg1.record.recorder import Recorder
    from tg1.rules.given import Moment
    from tg1.trading.book import Book


class LookedEngine(GridOcoEngine):
    """The engine as it ships, with the moment that a cycle has decided on."""

    _decided: Moment | None = None

    @property
    def moment(self) -> Moment | None:
        """The last cycle's; None before the first. While it ends, a bot looks again, and decides nothing on that."""
        return self._decided or self._parts.seen

    def _poll_cycle(self) -> ExitCode | None:
        self._decided = None
        return super()._poll_cycle()

    def _check_termination(self, books: dict[str, Book], moment: Moment) -> str:
        self._decided = moment
        return super()._check_termination(books, moment)


class RecordedEngine(LookedEngine):
    """One bot whose recorder hears of each cycle: before anything is read, and after everything was sent."""

    def __init__(self, *, recorder: Recorder, **parts: Any) -> None:
        super().__init__(**parts)
        self._recorder = recorder

    def start(self) -> ExitCode:
        """Run the bot until it ends, as `GridOcoEngine.start`."""
        code: ExitCode | None = None
        try:
            code = super().start()
        finally:
            if code is None:
                # An exception is the teller's to tell; the record ends without an end.
                self._recorder.leave()
        self._recorder.end(str(self._state.bot_status) if self._has_state else "", int(code), self.clock.now())
        return code

    def _poll_cycle(self) -> ExitCode | None:
        self._recorder.before(self._state, self.clock)
        try:
            return super()._poll_cycle()
        finally:
            self._recorder.after(self.moment)
