"""`tg1 watch --test-alert`: one message to every target, and how each answered."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from tg1.watch.message import Message, Tone
from tg1.watch.targets import TIMEOUT_SECS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.machine.clock import Clock
    from tg1.watch.targets import Target


def try_all(targets: Sequence[Target], clock: Clock, host: str) -> dict[str, str]:
    """Why each target did not take the message, by its name; empty where it did. Waits for all at once, bounded."""
    body = f"{clock.now():%H:%M:%S} If you read this, alerts of your bots reach you.\n(TG1 watch on {host})"
    message = Message(title="TG1 watch: a test", body=body, tone=Tone.PLAIN)
    answers = {target.name: f"no answer within {TIMEOUT_SECS:.0f} s" for target in targets}
    threads = [
        threading.Thread(target=partial(_try, target, message, answers), name=f"tg1 {target.name}", daemon=True)
        for target in targets
    ]
    for thread in threads:
        thread.start()
    until = clock.monotonic() + TIMEOUT_SECS
    for thread in threads:
        thread.join(max(0.0, until - clock.monotonic()))
    return dict(answers)


def _try(target: Target, message: Message, answers: dict[str, str]) -> None:
    answers[target.name] = target.deliver(message).why_not
