"""`python -m tg1.pair`: the program, or the sentence that says what is not installed."""

from __future__ import annotations

import sys

from tg1.errors import ExitCode

try:
    from tg1.pair.program import main
except ModuleNotFoundError as exc:
    if exc.name not in ("numpy", "pyarrow"):
        raise
    print(f"tg1 pair: {exc.name} is missing; install it with: pip install 'tg1[insight]'", file=sys.stderr)  # noqa: T201
    raise SystemExit(ExitCode.USAGE) from None

if __name__ == "__main__":
    sys.exit(main())
