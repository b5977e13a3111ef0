"""A sweep for other programs: one JSON object, or a CSV row for each combination.

Rupees are text with two decimals, as everywhere; the days of each combination stand in the results file.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tg1.settings.flags import flag_of
from tg1.sweep.refusals import by_reason
from tg1.sweep.table import luck_of

if TYPE_CHECKING:
    from tg1.sweep.command import SweepCommand
    from tg1.sweep.run import Swept
    from tg1.sweep.standing import Part, Standing, Tried

_PART = ("days", "stood_still", "net", "gross", "charges", "fills", "worst_open")


def as_json(command: SweepCommand, swept: Swept) -> str:
    """The object of `--json`."""
    tried = swept.tried
    return json.dumps(
        {
            "days": [day.isoformat() for day in tried.days],
            "first_days": tried.first,
            "counts": {
                "asked": command.asked.count,
                "tried": len(tried.best_first),
                "refused": len(tried.refused),
                "computed": swept.computed,
                "known": swept.known,
                "failed": len(swept.faults),
            },
            "refused": [{"count": count, "example": sentence} for count, sentence in by_reason(tried.refused)],
            "failed": list(swept.faults),
            "luck": _luck(tried),
            "combinations": [_standing_json(command, one) for one in tried.best_first],
        }
    )


def _luck(tried: Tried) -> dict[str, Any] | None:
    found = luck_of(tried)
    if found is None:
        return None
    return {
        "typical": _rupees(found.typical),
        "high": _rupees(found.high),
        "share": round(found.share, 4),
        "independent": round(found.independent, 2),
        "is_rough": found.is_rough,
    }


def _standing_json(command: SweepCommand, one: Standing) -> dict[str, Any]:
    return {
        "rank": one.rank,
        "rest_rank": one.rest_rank or None,
        "pair": one.combination.pair,
        "values": _values(command, one),
        "first": _part(one.first),
        "rest": _part(one.rest),
        "net_by_day": [_rupees(net) for net in one.nets],
        "open": one.open,
        "ends": dict(one.ends),
    }


def as_csv(command: SweepCommand, swept: Swept) -> str:
    """The text of `--csv`, without a last line feed."""
    names = [flag_of(name).removeprefix("--") for name in command.asked.fields]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    parts = [f"{part}_{name}" for part in ("first", "rest") for name in _PART]
    writer.writerow(["rank", "rest_rank", "pair", *names, *parts, "open"])
    for one in swept.tried.best_first:
        values = _values(command, one)
        told = [part[name] for part in (_part(one.first), _part(one.rest)) for name in _PART]
        writer.writerow(
            [one.rank, one.rest_rank or "", one.combination.pair, *(values[name] for name in names), *told, one.open]
        )
    return written.getvalue().rstrip("\n")


def _values(command: SweepCommand, one: Standing) -> dict[str, str]:
    names = (flag_of(name).removeprefix("--") for name in command.asked.fields)
    return dict(zip(names, one.combination.values, strict=True))


def _part(part: Part) -> dict[str, Any]:
    return {
        "days": part.days,
        "stood_still": part.stood_still,
        "net": _rupees(part.net),
        "gross": _rupees(part.gross),
        "charges": _rupees(part.charges),
        "fills": part.fills,
        "worst_open": _rupees(part.worst_open),
    }


def _rupees(paise: int) -> str:
    return f"{Decimal(paise) / 100:.2f}"
