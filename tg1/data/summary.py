"""What `tg1 data` says at its end. PURE."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tg1.screen.money import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tg1.data.check import Report
    from tg1.data.fetching import Fetched, Range

MOST_SHOWN = 40
"""Findings in the table; the object of `--json` has all."""


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
    minutes = f"{result.minutes:,} minutes in {counted(result.requests, 'request')}"
    return f"{counted(result.days, 'day')}, {minutes}"


def as_json(results: Sequence[Fetched], wanted: Range, into: Path, source: str) -> dict[str, Any]:
    """The object of `--json`."""
    return {
        "from": wanted.first.isoformat(),
        "to": wanted.last.isoformat(),
        "into": str(into),
        "source": source,
        "symbols": [asdict(each) for each in results],
    }


def report_as_text(report: Report) -> str:
    """A line for each symbol, then one for each finding."""
    lines = ["symbol        days        prices  from        to"]
    lines += [
        f"{symbol:12}  {seen.days:4,}  {seen.prices:12,}  {seen.first}  {seen.last}"
        for symbol, seen in sorted(report.symbols.items())
    ]
    if not report.findings:
        return "\n".join([*lines, f"nothing wrong in {counted(report.files, 'file')}"])
    lines.append("")
    for each in report.findings[:MOST_SHOWN]:
        lines.append(
            f"{each.kind:12}  {each.day}  {f'{each.symbol}: ' if each.symbol else ''}{each.text} ({each.place})"
        )
    if len(report.findings) > MOST_SHOWN:
        lines.append(f"… and {len(report.findings) - MOST_SHOWN} more: --json has them all")
    return "\n".join([*lines, "", f"{counted(len(report.findings), 'finding')} in {counted(report.files, 'file')}"])


def report_as_json(report: Report) -> dict[str, Any]:
    """The object of `--json`."""
    return {
        "ok": not report.findings,
        "files": report.files,
        "symbols": {
            symbol: {"days": seen.days, "prices": seen.prices, "from": str(seen.first), "to": str(seen.last)}
            for symbol, seen in sorted(report.symbols.items())
        },
        "findings": [asdict(each) | {"kind": str(each.kind), "day": str(each.day)} for each in report.findings],
    }
