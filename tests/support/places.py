"""Where the repository and the real data are."""

from __future__ import annotations

from pathlib import Path

REPO = Path(__file__).parents[2]
DATA = REPO / "../shared/data"
"""Real prices and dumps beside a checkout; tests skip with a reason where the folder is missing."""
