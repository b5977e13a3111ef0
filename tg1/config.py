"""`GridOcoConfig`: the bot's settings with their judgement (architecture 15). No I/O but the printed grid, no clock."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from tg1.screen.output import takes_colours
from tg1.settings import checks
from tg1.settings.credential_checks import check_credentials
from tg1.settings.fields import GridOcoFields, changed_fields
from tg1.settings.printed_grid import grid_layout

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from typing import TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class GridOcoConfig(GridOcoFields):
    """All parameters of one bot (architecture 20, behaviour 18); its fields stand in `tg1.settings.fields`.

    What needs the instrument's tick or a price is judged elsewhere, as soon as those are known.
    """

    def validate(self, given: AbstractSet[str] | None = None) -> None:
        """Raise `ConfigError` for the first thing that is invalid or contradictory (behaviour 1.2, 18).

        `given` holds the names of the fields that were set explicitly, so that a flag without effect is refused even
        with its default value; None: those that differ from their default. Credentials are judged apart.
        """
        checks.check(self, changed_fields(self) if given is None else given)

    def validate_credentials(self) -> None:
        """Raise `ConfigError` naming the first missing key or secret with its flag and environment variable.

        Needed for a start that trades; not for `--dry-run`, and nothing is ever missing with `--paper`.
        """
        check_credentials(self)

    def print_grid_layout(self, out: TextIO | None = None) -> None:
        """Print the full grid with two decimals to `out` (None: stdout); no tick is known here (behaviour 1.2)."""
        stream = sys.stdout if out is None else out
        alarm = _red if takes_colours(stream) else str
        print(grid_layout(self, alarm), file=stream)  # printing is what architecture 15 asks of it


def _red(text: str) -> str:
    return f"\x1b[1;31m{text}\x1b[0m"


if __name__ == "__main__":
    # The command `tg1 config` has the name of this module, which the user's description gave to the class.
    sys.exit(import_module("tg1.config_command").main())
