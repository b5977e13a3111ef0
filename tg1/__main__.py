"""`tg1` and `python -m tg1`: `tg1.run`, with Ctrl-C ending the quarter of a second of imports without a traceback."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command line and return its exit code (`tg1.run.main`); Ctrl-C before that ends the process silently."""
    # Nothing is begun yet that would have to be ended; `SystemClock` takes the signal over once something is.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tg1.run import main as run  # noqa: PLC0415 - the imports are what must be interruptible

    return run()


if __name__ == "__main__":
    sys.exit(main())
