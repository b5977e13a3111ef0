"""Imports at rest: of what is imported nothing is garbage, yet the collector would look at it again and again."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def at_rest() -> Iterator[None]:
    """Let the cyclic garbage collector rest, a tenth of the CPU of a start.

    What was loaded stays as long as the process, and is never looked at.
    """
    was_on, loaded = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if len(sys.modules) > loaded:
                gc.freeze()
            gc.enable()
