"""`--test-alert` proves that alerts arrive, or says at which target they don't."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.support.alerts import Inbox
from tests.support.fakes import HandClock
from tests.support.patience import PATIENCE_SECS
from tg1.watch.targets import TAKEN, Answer, Target
from tg1.watch.trial import try_all

if TYPE_CHECKING:
    from tg1.watch.message import Message


def test_every_target_is_tried_and_answers_for_itself() -> None:
    """One took it, one refused, one has a bug."""
    good, bad = Inbox(), Inbox()
    bad.refuses = "it answered 401"

    def broken(message: Message) -> Answer:
        raise KeyError(message.body)

    targets = [
        Target(key=name, name=name, send=send) for name, send in (("good", good), ("bad", bad), ("broken", broken))
    ]
    answers = try_all(targets, HandClock(), "prod-1")
    assert answers == {"good": "", "bad": "it answered 401", "broken": "its client failed with KeyError"}
    assert good.messages[0].title == "TG1 watch: a test"
    assert good.messages[0].body.endswith("(TG1 watch on prod-1)")


def test_a_target_that_hangs_is_not_waited_for_without_a_bound() -> None:
    """45 s for all together: here they have passed already."""
    let_go = threading.Event()
    clock = HandClock()

    def hang(_: Message) -> Answer:
        let_go.wait(PATIENCE_SECS)
        return TAKEN

    class Late(HandClock):
        def monotonic(self) -> float:
            self.mono += 45.0
            return self.mono

    try:
        assert try_all([Target(key="a", name="slow", send=hang)], Late(), "h") == {"slow": "no answer within 45 s"}
    finally:
        let_go.set()
    assert clock.mono == 1000.0
