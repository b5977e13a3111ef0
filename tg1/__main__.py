"""`tg1` and `python -m tg1`: the commands; Ctrl-C ends the quarter of a second of imports without a traceback."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command line and return its exit code; Ctrl-C before that ends the process silently."""
    # Nothing is begun yet that would have to be ended; whatever begins something takes the signal over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tg1.commands import main as run  # noqa: PLC0415 - the imports are what must be interruptible

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
