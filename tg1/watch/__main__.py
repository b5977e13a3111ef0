"""`python -m tg1.watch`."""

from __future__ import annotations

import sys

from tg1.watch.program import main

if __name__ == "__main__":
    sys.exit(main())
