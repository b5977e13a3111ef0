"""Alerts reach their targets, and no target holds up anything."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from tests.support.alerts import Inbox, alert
from tests.support.fakes import HandClock
from tests.support.patience import PATIENCE_SECS
from tg1.watch.postman import Postman
from tg1.watch.targets import TAKEN, Answer, Target

if TYPE_CHECKING:
    import pytest


def postman(clock: HandClock, *inboxes: Inbox) -> Postman:
    """One whose messages are taken or refused at once."""
    targets = [
        Target(key=str(number), name=f"target {number} (test)", send=inbox) for number, inbox in enumerate(inboxes)
    ]
    return Postman(targets, clock, host="h", start=threading.Thread.run)


def walk(post: Postman, clock: HandClock, secs: int) -> None:
    """A round every second."""
    for _ in range(secs):
        post.hear()
        post.send()
        clock.advance(1)


def test_every_target_is_told() -> None:
    """Each once."""
    clock, one, two = HandClock(), Inbox(), Inbox()
    post = postman(clock, one, two)
    post.accept([alert()])
    walk(post, clock, 100)
    assert [len(one.messages), len(two.messages)] == [1, 1]


def test_nothing_is_lost_while_the_network_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """An hour later everything comes, once, and the outage was said once."""
    caplog.set_level(logging.INFO)
    clock, inbox = HandClock(), Inbox()
    post = postman(clock, inbox)
    inbox.refuses = "it can't be reached"
    for number in range(4):
        post.accept([alert(number, text=f"sentence {number}")])
        walk(post, clock, 900)
    assert inbox.messages == []
    inbox.refuses = ""
    walk(post, clock, 100)
    assert [line.partition(": ")[2] for line in inbox.lines] == [f"sentence {number}" for number in range(4)]
    assert len(inbox.messages) == 1
    assert [record.message for record in caplog.records] == [
        "An alert did not reach target 0 (test): it can't be reached. It is tried again until it does",
        "Alerts reach target 0 (test) again",
    ]


def test_a_target_that_fails_costs_the_others_nothing() -> None:
    """Nor is anything sent twice to those that took it."""
    clock, good, bad = HandClock(), Inbox(), Inbox()
    bad.refuses = "it answered 500"
    post = postman(clock, good, bad)
    post.accept([alert()])
    walk(post, clock, 300)
    bad.refuses = ""
    walk(post, clock, 100)
    assert [len(good.messages), len(bad.messages)] == [1, 1]


def test_an_alert_that_a_target_will_never_take_holds_up_no_other() -> None:
    """Those that came with it leave within moments, later ones as ever; it is tried now and then, for a day at most."""
    clock, inbox = HandClock(), Inbox()
    post = postman(clock, inbox)
    inbox.hates = "poison"
    post.accept([alert(number, text="poison" if number == 3 else f"sentence {number}") for number in range(6)])
    walk(post, clock, 30)
    assert [line.partition(": ")[2] for line in inbox.lines] == [f"sentence {number}" for number in (0, 1, 2, 4, 5)]
    walk(post, clock, 3600)
    post.accept([alert("later", text="later")])
    walk(post, clock, 61)
    assert [line.partition(": ")[2] for line in inbox.lines][5:] == ["later"]
    assert post.waiting() == {"target 0 (test)": 1}


def test_a_service_for_short_messages_gets_short_messages() -> None:
    """One after the other, so that none is sent again because another part of it failed or took too long."""
    clock, inbox = HandClock(), Inbox()
    target = Target(key="a", name="target 1 (SMS)", send=inbox, room=200)
    post = Postman([target], clock, host="h", start=threading.Thread.run)
    post.accept([alert(number, text=f"sentence {number} ".ljust(80, "x")) for number in range(4)])
    walk(post, clock, 100)
    assert len(inbox.lines) == 4
    assert [len(message.body.splitlines()) - 1 for message in inbox.messages] == [1, 1, 1, 1]


def test_what_waits_outlives_the_process() -> None:
    """The next one sends what this one owed, and nothing that it had sent."""
    clock, inbox = HandClock(), Inbox()
    first = postman(clock, inbox)
    first.accept([alert("sent", text="sent")])
    walk(first, clock, 2)
    inbox.refuses = "it can't be reached"
    first.accept([alert("owed", text="owed")])
    walk(first, clock, 30)
    inbox.refuses = ""
    clock.advance(60)
    second = postman(clock, inbox)
    second.adopt(first.outboxes())
    second.accept([alert("sent", text="sent"), alert("owed", text="owed")])
    walk(second, clock, 100)
    assert [line.partition(": ")[2] for line in inbox.lines] == ["sent", "owed"]


def test_a_target_that_hangs_holds_up_nothing_and_is_given_up_in_time() -> None:
    """It counts as refused after 45 s; at most three of its threads hang at a time."""
    clock, let_go, begun = HandClock(), threading.Event(), []
    answers: list[str] = []

    def hang(_message: object) -> Answer:
        begun.append(threading.current_thread())
        let_go.wait(PATIENCE_SECS)
        answers.append("late")
        return TAKEN

    quick = Inbox()
    targets = [Target(key="a", name="target 1 (slow)", send=hang), Target(key="b", name="target 2 (test)", send=quick)]

    def start(thread: threading.Thread) -> None:
        thread.start() if "slow" in thread.name else thread.run()

    post = Postman(targets, clock, host="h", start=start)
    post.accept([alert()])
    walk(post, clock, 1000)
    assert len(quick.messages) == 1
    assert post.waiting() == {"target 1 (slow)": 1, "target 2 (test)": 0}
    let_go.set()
    for thread in begun:
        thread.join(PATIENCE_SECS)
    assert len(begun) == 3


def test_a_bug_in_a_client_loses_no_alert(caplog: pytest.LogCaptureFixture) -> None:
    """Its own words are not repeated: they may hold the address."""
    clock = HandClock()

    def broken(_message: object) -> Answer:
        raise RuntimeError("https://secret.example/token")

    target = Target(key="a", name="target 1 (test)", send=broken)
    post = Postman([target], clock, host="h", start=threading.Thread.run)
    post.accept([alert()])
    walk(post, clock, 10)
    assert post.waiting() == {"target 1 (test)": 1}
    assert "its client failed with RuntimeError" in caplog.text
    assert "secret" not in caplog.text
