"""Replays without their bots' log."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def unheard() -> Iterator[None]:
    """Let nothing be heard of what TG1 logs: what a bot says in its replays, a thousand of them, is for nobody."""
    log = logging.getLogger("tg1")
    before, nowhere = log.propagate, logging.NullHandler()
    log.addHandler(nowhere)
    log.propagate = False
    try:
        yield
    finally:
        log.propagate = before
        log.removeHandler(nowhere)
