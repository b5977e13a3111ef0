"""What `tg1 data fetch` says at its end. PURE."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tg1.data.fetching import Fetched, Range


def as_text(results: Sequence[Fetched], wanted: Range, into: Path, source: str) -> str:
    """One line a symbol, and what to type next."""
    width = max(len(each.symbol) for each in results)
    lines = [f"Minutes from {source}, {wanted.first} to {wanted.last}, in {into}"]
    lines += [f"{each.symbol:{width}}  {_told(each)}" for each in results]
    lines += [f"{name} was damaged: its days were fetched anew" for each in results for name in each.damaged]
    lines.append(f"next: tg1 data check {into}")
    return "\n".join(lines)


def _told(result: Fetched) -> str:
    if not result.requests:
        return "nothing to fetch: every day is there"
    if not result.days:
        return "no candles: not listed in those days, or none of them was traded on"
    requests = "1 request" if result.requests == 1 else f"{result.requests} requests"
    days = "1 day" if result.days == 1 else f"{result.days:,} days"
    return f"{days}, {result.minutes:,} minutes in {requests}"


def as_json(results: Sequence[Fetched], wanted: Range, into: Path, source: str) -> dict[str, Any]:
    """The object of `--json`."""
    return {
        "from": wanted.first.isoformat(),
        "to": wanted.last.isoformat(),
        "into": str(into),
        "source": source,
        "symbols": [asdict(each) for each in results],
    }
