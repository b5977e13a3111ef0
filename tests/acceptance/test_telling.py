"""A real bot tells how it is: to systemd's socket, to `tg1 status`, and its answer to `tg1 pause`."""

from __future__ import annotations

import json
import signal
import socket
from typing import TYPE_CHECKING

from tests.support.driver import until
from tg1 import orders, pause, resume, status
from tg1.machine.clock import SystemClock
from tg1.told.folder import StateFolder, instant_of
from tg1.told.judge import Instant, Life, judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.support.driver import Bot, Exchange


def test_a_bot_is_seen_paused_hung_and_dead_from_another_process(
    exchange: Exchange,
    make_bot: Callable[..., Bot],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One life: ready and pinged, in the table, paused and resumed, stopped like a hang, killed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        bot = make_bot(steps=1, status_dir=tmp_path / "memory").start()
        said: list[str] = []
        while "READY=1" not in said:
            said += manager.recv(4096).decode().splitlines()
        assert "WATCHDOG=1" in said
    here = ["--state-dir", str(bot.state_dir)]
    bot.await_places("D01E", "U01E")

    def seen() -> dict[str, object]:
        capsys.readouterr()
        code = status.main([*here, "--json"])
        (one,) = json.loads(capsys.readouterr().out)["bots"]
        return {**one, "code": code}

    until(lambda: seen()["state"] == "active", "the bot is active")
    assert (seen()["code"], seen()["pid"]) == (0, bot.pid)
    name = str(seen()["name"])

    assert pause.main([name, *here]) == 0
    until(lambda: exchange.working() == [], "nothing works any more")
    assert (seen()["state"], seen()["paused"]) == ("paused", ["BUY", "SELL"])
    assert resume.main([name, *here]) == 0
    bot.await_places("D01E", "U01E")
    assert orders.main([name, *here]) == 0
    assert "2 orders work" in capsys.readouterr().out

    bot.signal(signal.SIGSTOP)
    moment = instant_of(SystemClock())
    later = Instant(now=moment.now, boot_secs=moment.boot_secs + 11, boot_id=moment.boot_id)
    (found,) = StateFolder(bot.state_dir).look()
    assert judge(found, later).life is Life.HUNG
    bot.kill()
    assert (seen()["state"], seen()["code"]) == ("dead", 1)
