"""`python -m tg1.replay`: the program, or the sentence that says what is not installed."""

from __future__ import annotations

import sys

from tg1.screen.command import without

try:
    from tg1.replay.program import main
except ModuleNotFoundError as exc:
    raise without("replay", exc, ("numpy", "pyarrow"), "insight") from None

if __name__ == "__main__":
    sys.exit(main())
