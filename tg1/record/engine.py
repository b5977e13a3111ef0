"""The engine as it ships, with its cycles recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.grid_engine import GridOcoEngine

if TYPE_CHECKING:
    from tg1.errors import ExitCode
    from tg1.record.recorder import Recorder


class RecordedEngine(GridOcoEngine):
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
            # An exception is the teller's to tell; the record ends without an end.
            if code is not None:
                why = str(self._state.bot_status) if self._has_state else "it ended before its first cycle"
                self._recorder.end(why, int(code), self.clock.now())
        return code

    def _poll_cycle(self) -> ExitCode | None:
        self._recorder.before(self._state, self.clock.now())
        try:
            return super()._poll_cycle()
        finally:
            self._recorder.after(self._parts.seen)
