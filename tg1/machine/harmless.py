"""The boundary around what only tells, shows or records: a bug in it never stops the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable


class Harmless:
    """Does what trading must not depend on. Whatever it raises is told in the log, once, with its traceback.

    Once, because a fault that comes back in every cycle would drown the log; and where the log itself is what is
    written, the line would come back as the next fault.
    """

    def __init__(self, log: logging.Logger, said: str) -> None:
        """`said` is the sentence for the operator, before the traceback."""
        self._log = log
        self._said = said
        self._has_failed = False

    def __call__(self, act: Callable[[], object]) -> None:
        """Do it; returns whatever happens."""
        try:
            act()
        except Exception:  # noqa: BLE001  # telling is not trading: a bug in it costs a line in the log, never a cycle
            if not self._has_failed:
                self._has_failed = True
                self._log.exception("%s", self._said)
