"""`python -m tg1.sweep`: the program, or the sentence that says what is not installed."""

from __future__ import annotations

import sys

from tg1.errors import ExitCode

try:
    from tg1.sweep.program import main
except ModuleNotFoundError as exc:
    if exc.name not in ("numpy", "pyarrow", "joblib"):
        raise
    print(f"tg1 sweep: {exc.name} is missing; install it with: pip install 'tg1[insight]'", file=sys.stderr)  # noqa: T201
    raise SystemExit(ExitCode.USAGE) from None

if __name__ == "__main__":
    sys.exit(main())
