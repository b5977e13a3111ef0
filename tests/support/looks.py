"""What the watch sees, as values for the tests of its page and its metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.states import BOT, NOW
from tests.support.told import BOOT_SECS, HERE, a_snapshot, an_instant
from tg1.machine.lock import Holder
from tg1.told.found import Found
from tg1.told.judge import judge
from tg1.watch.day import with_net
from tg1.watch.seen import Look, SeenBot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.told.events import Event
    from tg1.told.snapshot import Snapshot

ALIVE = Holder(pid=HERE.pid, since=NOW, host="here")


def seen(
    snapshot: Snapshot | None = None,
    *,
    name: str = BOT,
    alive: bool = True,
    after_secs: float = 0.5,
    events: Sequence[Event] = (),
) -> SeenBot:
    """One bot at a look; without a snapshot, one that trades and is well."""
    snapshot = snapshot or a_snapshot(name=name)
    found = Found(stem=name, folder=Path("state"), holder=ALIVE if alive else None, snapshot=snapshot, saved=None)
    curve = with_net(None, NOW, snapshot.money.net) if snapshot.money else None
    return SeenBot(
        key=f"state/{name}",
        name=name,
        found=found,
        judgement=judge(found, an_instant(after_secs)),
        curve=curve,
        events=tuple(events),
    )


def a_look(*bots: SeenBot, **more: Any) -> Look:
    """All of them, half a second after their snapshots."""
    return Look(at=NOW, mono=BOOT_SECS + 0.5, bots=bots, **more)
