"""`tg1 pause NAME`: lets a bot open nothing new; its open levels keep their targets and hedges."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tg1.told.wishing import build_parser as parser_of
from tg1.told.wishing import main_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def build_parser() -> argparse.ArgumentParser:
    """The flags of `tg1 pause`."""
    return parser_of("pause")


def main(argv: Sequence[str] | None = None) -> int:
    """Ask the bot and tell what it answers; the exit code is `main_of`'s."""
    return main_of("pause", argv)


if __name__ == "__main__":
    sys.exit(main())
