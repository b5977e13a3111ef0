"""`tg1 orders`: what works at the brokers for each bot, and what filled today."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tg1.errors import ConfigError, ExitCode, StateError
from tg1.machine.clock import SystemClock
from tg1.screen.command import complain, run_command
from tg1.screen.money import account_name, counted
from tg1.screen.output import show
from tg1.told.codec import encode_event, encode_order
from tg1.told.command_line import parser_of, words_of
from tg1.told.event_tail import EventTail
from tg1.told.events import EventKind
from tg1.told.folder import StateFolder
from tg1.told.left import orders_left, stop_text
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tg1.told.events import Event
    from tg1.told.found import Found
    from tg1.told.snapshot import ToldOrder


def build_parser() -> argparse.ArgumentParser:
    """The flags of `tg1 orders`."""
    parser = parser_of("orders", "Working orders of every bot, or of NAME, and today's fills.")
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Print orders and fills; 0, 1 when a bot's state or events can't be read, 2 without such a folder or bot."""
    return run_command("orders", lambda: _orders(build_parser().parse_args(words_of(argv))))


def _orders(given: argparse.Namespace) -> ExitCode:
    folder = StateFolder(given.state_dir)
    every = (folder.one(given.name),) if given.name else folder.look()
    today = SystemClock().now().date()
    told = []
    unread: list[str] = []
    for found in every:
        try:
            told.append((found, _working(folder, found, today), _fills(found, today, unread)))
        except StateError as exc:
            unread.append(f"{found.name}: {exc}")
    if given.as_json:
        show(json.dumps({"bots": [_json(*one) for one in told]}, ensure_ascii=False))
    elif told or not unread:
        nothing = f"No bot has run in {given.state_dir} yet."
        show("\n".join(line for one in told for line in _lines(*one)) or nothing)
    for sentence in unread:
        complain("orders", sentence)
    return ExitCode.FAILED if unread else ExitCode.OK


def _working(folder: StateFolder, found: Found, today: date) -> tuple[ToldOrder, ...]:
    """By the live bot's snapshot; for one that is gone by its state, which knows what it left behind."""
    if found.is_by_holder and found.snapshot is not None:
        return found.snapshot.orders
    saved = found.saved or folder.saved(found)
    if saved is None and found.faults:
        raise StateError("; ".join(found.faults))
    return orders_left(replace(found, saved=saved), today)


def _fills(found: Found, today: date, unread: list[str]) -> list[Event]:
    tail = EventTail(ToldPaths(found.folder, found.stem))
    try:
        events = tail.new()
    except OSError as exc:
        raise ConfigError(f"the events of {found.name} can't be read: {exc.strerror or exc}") from exc
    if tail.damaged:
        unread.append(f"{found.name}: {counted(tail.damaged, 'line')} of its events can't be read: they are left out")
    return [event for event in events if event.kind is EventKind.FILL and event.at.date() == today]


def _json(found: Found, orders: Sequence[ToldOrder], fills: Sequence[Event]) -> dict[str, Any]:
    return {
        "name": found.name,
        "paper": found.is_paper,
        "running": found.is_alive,
        "orders": [json.loads(encode_order(order)) for order in orders],
        "fills": [json.loads(encode_event(event)) for event in fills],
    }


def _lines(found: Found, orders: Sequence[ToldOrder], fills: Sequence[Event]) -> Iterator[str]:
    gone = "" if found.is_alive else ", as it left them (it is not running)"
    yield f"{found.title}: {counted(len(orders), 'order', 'works', 'work')}{gone}"
    yield from (f"  {_order_text(order)}" for order in orders)
    if not found.is_alive and (stopped := stop_text(found)):
        yield f"  {stopped}"
    yield f"  {counted(len(fills), 'fill')} today" if fills else "  no fill today"
    yield from (f"  {event.at:%H:%M:%S} {event.text}" for event in fills)


def _order_text(order: ToldOrder) -> str:
    price = order.trigger_price or order.limit_price
    limit = f" (limit {order.limit_price:.2f})" if order.trigger_price is not None else ""
    filled = f", {order.filled_quantity} filled" if order.filled_quantity else ""
    name = f"order {order.order_id}" if order.order_id else f"in doubt, {order.client_id}"
    state = ", being cancelled" if order.cancel_sent else ""
    since = f", since {order.placed_at:%H:%M:%S}" if isinstance(order.placed_at, datetime) else ""
    account = f"{account_name(order.account)}: " if order.account else ""
    what = f"{order.side} {order.quantity} {order.symbol} at {price:.2f}{limit}"
    return f"{account}{order.level} {order.role.word} {what}{filled} ({name}{state}{since})"


if __name__ == "__main__":
    sys.exit(main())
