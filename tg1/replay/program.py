"""`tg1 replay`: what a grid would have done on real prices, before a rupee is risked."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode, InvariantBroken, Tg1Error
from tg1.machine.clock import SystemClock
from tg1.paper.journal import Journal
from tg1.paper.orders import PaperSide
from tg1.replay.command import parse
from tg1.replay.days import Replay, Rig
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.reckoning import Trade
from tg1.replay.result import Reckoner, as_json
from tg1.replay.summary import summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tg1.paper.orders import OrderEvent
    from tg1.replay.command import ReplayCommand
    from tg1.replay.result import DayResult
    from tg1.replay.tape import DayTape


INTERRUPTED = 130
"""The shell's own code for a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one replay; 0 when the replay itself worked, however the bot in it ended."""
    logging.getLogger("tg1").addHandler(logging.NullHandler())
    logging.getLogger("tg1").propagate = False
    try:
        command = parse(sys.argv[1:] if argv is None else argv)
        clock = SystemClock()
        begun = clock.monotonic()
        days = list(replayed(command))
        wall_secs = clock.monotonic() - begun
        if command.as_json:
            print(json.dumps(as_json(days, wall_secs)))  # noqa: T201  # the object is what was asked for
        else:
            print(summary(command.config, days, wall_secs))  # noqa: T201  # so is the summary
    except Tg1Error as exc:
        print(f"tg1 replay: {exc}", file=sys.stderr)  # noqa: T201  # the sentence is for the operator's terminal
        return int(exc.exit_code)
    except KeyboardInterrupt:
        print("tg1 replay: interrupted; nothing was written", file=sys.stderr)  # noqa: T201  # as above
        return INTERRUPTED
    return int(ExitCode.OK)


def replayed(command: ReplayCommand) -> Iterator[DayResult]:
    """Live and reckon one day after another. Raises `ConfigError` for prices or a journal that can't be used."""
    config, wanted = command.config, command.wanted
    tapes = day_tapes(price_files(command.prices), wanted)
    first = next(tapes)
    rig = Rig(
        latency_secs=command.latency_secs,
        through=command.through,
        square_off_at=command.square_off_at,
        fast_forward=command.fast_forward,
    )
    trades: list[Trade] = []
    written = io.StringIO()
    journal = Journal(written).event

    def note(event: OrderEvent) -> None:
        if event.execution is not None:
            trades.append(_trade_of(event))
        if command.journal is not None:
            journal(event)

    replay = Replay(config, rig, first, note)
    reckoner = Reckoner(wanted.symbols, config.product_type, config.plans)
    for end in replay.days(_all(first, tapes)):
        yield reckoner.day(end, tuple(trades))
        trades.clear()
    if command.journal is not None:
        _write_whole(command.journal, written.getvalue())


def _all(first: DayTape, others: Iterator[DayTape]) -> Iterator[DayTape]:
    yield first
    yield from others


def _trade_of(event: OrderEvent) -> Trade:
    order, execution = event.order, event.execution
    if execution is None:
        raise InvariantBroken("a trade was to be made of an event that is none")
    return Trade(
        at=event.at,
        account=order.account,
        symbol=order.symbol,
        order_id=str(order.app_order_id),
        client_id=order.client_id,
        quantity=execution.quantity * (1 if order.side is PaperSide.BUY else -1),
        price=execution.price,
        by_broker=order.generated_by == "RMS",
    )


def _write_whole(path: Path, text: str) -> None:
    """A file is there whole or not at all, however the replay ends."""
    beside = path.with_name(f"{path.name}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as exc:
        raise ConfigError(f"--journal {path} can't be written: {exc.strerror or exc}.") from exc
