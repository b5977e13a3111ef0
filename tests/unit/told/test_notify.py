"""systemd's socket, played by the test: what arrives there, and that nobody ever waits for it."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.told import ACCOUNT, a_snapshot
from tg1.told.notify import Notifier, Notify, earns_ping
from tg1.told.snapshot import Phase, ToldSaves

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.told.snapshot import Snapshot

UNSAVED = ToldSaves(count=1, p50_ms=1.0, p99_ms=1.0, fault="No space left on device")


@pytest.mark.parametrize(
    ("snapshot", "earned"),
    [
        (a_snapshot(), True),
        (a_snapshot(saves=UNSAVED), False),
        (a_snapshot(accounts=(replace(ACCOUNT, fault="502"),)), False),
        (a_snapshot(accounts=(ACCOUNT, replace(ACCOUNT, is_blank=True))), False),
        (a_snapshot(phase=Phase.STOPPING), False),
        (a_snapshot(phase=Phase.STARTING), False),
    ],
    ids=["good", "unsaved", "unread", "blank", "stopping", "starting"],
)
def test_a_ping_proves_a_cycle_that_saw_and_saved(snapshot: Snapshot, earned: bool) -> None:  # noqa: FBT001
    """Nothing less."""
    assert earns_ping(snapshot) is earned


def test_a_bad_cycle_before_the_first_good_one_makes_nothing_ready() -> None:
    """`systemctl start` returns when the bot trades, not when it began."""
    sent: list[list[str]] = []
    notifier = Notifier(sent.append)
    notifier.cycle(a_snapshot(saves=UNSAVED), "one")
    notifier.cycle(a_snapshot(), "one")
    notifier.cycle(a_snapshot(), "two\nlines")
    assert sent == [["STATUS=one"], ["READY=1", "WATCHDOG=1"], ["WATCHDOG=1", "STATUS=two lines"]]


@pytest.mark.parametrize("abstract", [False, True])
def test_lines_arrive_at_the_managers_socket(tmp_path: Path, abstract: bool) -> None:  # noqa: FBT001
    """A path, or an abstract name, which begins with an @ in the variable."""
    name = f"@tg1-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(10)
        Notify({"NOTIFY_SOCKET": name})(["READY=1", "STATUS=fine"])
        assert manager.recv(1000) == b"READY=1\nSTATUS=fine"


def test_a_manager_that_reads_nothing_or_is_gone_costs_nothing(tmp_path: Path) -> None:
    """Its queue is full after some datagrams; the bot neither waits nor raises."""
    address = tmp_path / "notify"
    notify = Notify({"NOTIFY_SOCKET": str(address)})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        for _ in range(2000):
            notify(["WATCHDOG=1"])
    address.unlink()
    notify(["WATCHDOG=1"])


def test_without_a_manager_nothing_is_sent() -> None:
    """A bot on a shell line."""
    notify = Notify({})
    assert not notify.is_heard
    notify(["READY=1"])
