"""`python -m tg1.watch`, with Ctrl-C ending the half second of imports without a traceback."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (`tg1.watch.program.main`)."""
    # Nothing is begun yet that would have to be ended; `SystemClock` takes the signal over once something is.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tg1.watch.program import main as run  # noqa: PLC0415 - the imports are what must be interruptible

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
