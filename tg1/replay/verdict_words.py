"""A day beside its replay, for a person and for programs. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.models import Role
from tg1.replay.compare import Kind
from tg1.screen.money import account_name, counted, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tg1.replay.compare import Difference
    from tg1.replay.order_lives import OrderLife
    from tg1.replay.verdict import Side, Verdict

SHOWN = 40
"""Differences that a person is shown at once."""


def told(verdict: Verdict) -> str:
    """The summary first, then each difference with its reason; without a last line feed."""
    return "\n".join([*_summary(verdict), *_differences(verdict)])


def _summary(verdict: Verdict) -> Iterator[str]:
    live, again, counts = verdict.live, verdict.again, verdict.counts
    yield f"NET live {signed(live.net)}, replay {signed(again.net)}: live is {signed(live.net - again.net)} against it"
    yield (
        f"{verdict.bot}, {verdict.day}: {counted(verdict.runs, 'start')}, {verdict.cycles:,} cycles"
        + (f"; {counted(verdict.torn, 'line')} of the record could not be used" if verdict.torn else "")
    )
    alone = (Kind.ONLY_LIVE, Kind.ONLY_REPLAY)
    different = sum(number for kind, number in counts.items() if kind not in alone)
    yield (
        f"orders: {verdict.equal:,} equal, {different:,} different, {counts[Kind.ONLY_LIVE]:,} only live, "
        f"{counts[Kind.ONLY_REPLAY]:,} only in the replay"
    )
    yield _money("live", live)
    yield _money("replay", again)


def _money(name: str, side: Side) -> str:
    return (
        f"{name}: {counted(side.orders, 'order')}, {counted(side.fills, 'fill')}, gross {signed(side.gross)}, "
        f"charges {side.charges:,.2f}; ended: {', '.join(side.ends)}"
    )


def _differences(verdict: Verdict) -> Iterator[str]:
    for one, why in verdict.differences[:SHOWN]:
        order = one.order
        name = f"{order.level} {_role(order)}".strip()
        what = f"{order.side} {order.quantity} {order.symbol} at {_price(order)}"
        yield f"\n{one.at:%H:%M:%S} {name}, {account_name(order.account)} account: {what}"
        yield from (f"  {line}" for line in _sides(one))
        yield f"  why: {why}"
    if len(verdict.differences) > SHOWN:
        yield f"\n… and {len(verdict.differences) - SHOWN:,} more: --json has them all"


def _sides(one: Difference) -> Iterator[str]:
    if one.live is None or one.again is None:
        yield f"{one.kind}: {_fate(one.order)}"
        return
    terms = one.kind is Kind.TERMS
    yield f"live:   {_terms(one.live) if terms else _fate(one.live)}"
    yield f"replay: {_terms(one.again) if terms else _fate(one.again)}"


def _terms(life: OrderLife) -> str:
    trigger = "" if life.trigger is None else f", trigger {life.trigger:.2f}"
    return f"{life.order_type} {life.quantity}, limit {life.limit:.2f}{trigger}; {_fate(life)}"


def _fate(life: OrderLife) -> str:
    sent = "worked at the start" if life.carried else f"sent {life.at:%H:%M:%S}"
    if life.average is not None:
        return f"{sent}, filled {life.filled} at {life.average:.2f}, seen {life.fills[-1].at:%H:%M:%S}"
    if life.fault:
        return f"{sent}, not accepted"
    return f"{sent}, {life.status}" + (f" {life.ended_at:%H:%M:%S}" if life.ended_at else "")


def _role(order: OrderLife) -> str:
    if order.role is None:
        return "order"
    return "square-off" if order.role is Role.CLOSE else order.role.word


def _price(order: OrderLife) -> str:
    return f"{order.trigger_or_limit:.2f}"


def as_json(verdict: Verdict) -> dict[str, Any]:
    """One object; rupees as text."""
    counts = verdict.counts
    return {
        "bot": verdict.bot,
        "date": verdict.day.isoformat(),
        "starts": verdict.runs,
        "cycles": verdict.cycles,
        "unusable_lines": verdict.torn,
        "equal": verdict.equal,
        "different": len(verdict.differences) - counts[Kind.ONLY_LIVE] - counts[Kind.ONLY_REPLAY],
        "only_live": counts[Kind.ONLY_LIVE],
        "only_replay": counts[Kind.ONLY_REPLAY],
        "live": _side_json(verdict.live),
        "replay": _side_json(verdict.again),
        "differences": [
            {
                "kind": str(one.kind),
                "at": one.at.isoformat(),
                "level": one.order.level,
                "role": _role(one.order),
                "account": one.order.account,
                "symbol": one.order.symbol,
                "side": str(one.order.side),
                "live": _life_json(one.live),
                "replay": _life_json(one.again),
                "reason": why,
            }
            for one, why in verdict.differences
        ],
    }


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "orders": side.orders,
        "fills": side.fills,
        "gross": str(side.gross),
        "charges": str(side.charges),
        "net": str(side.net),
        "ends": list(side.ends),
    }


def _life_json(life: OrderLife | None) -> dict[str, Any] | None:
    if life is None:
        return None
    return {
        "client_id": life.client_id,
        "order_id": life.order_id,
        "at": life.at.isoformat(),
        "type": str(life.order_type),
        "quantity": life.quantity,
        "limit": str(life.limit),
        "trigger": None if life.trigger is None else str(life.trigger),
        "filled": life.filled,
        "average": None if life.average is None else f"{life.average:.4f}",
        "filled_at": life.fills[-1].at.isoformat() if life.fills else None,
        "status": str(life.status),
        "fault": life.fault,
        "reason": life.reason,
    }
