"""Real processes on one app key, over real files and sockets: one reads for all, and `kill -9` stops nobody (11.3)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.xts_doubles import CREDENTIALS, IRFC, SocketServer, book, http_bytes, login_reply, row
from tg1.findoc_client import FindocMultiClient
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.machine.shared_files import OsSharedFolder
from tg1.xts.sessions import SessionStore
from tg1.xts.transport import RequestsTransport

if TYPE_CHECKING:
    import socket
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from tg1.models import Instrument

CONTEXT = multiprocessing.get_context("spawn")
WITHIN_SECS = 60.0


class _Dump:
    def load(self) -> None:
        """Nothing to fetch."""

    def find(self, symbol: str) -> Instrument:  # noqa: ARG002  # every symbol is the same here
        return IRFC


class Key:
    """A server of one app key that notes when each book is asked for, and is silent as often as it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[float] = []
        self.answered: list[float] = []
        self.silences = 0
        self.server = SocketServer(self._serve)

    def _serve(self, connection: socket.socket, server: SocketServer) -> None:
        head = server.read_request(connection).partition(b"\r\n")[0]
        if b"/user/session" in head:
            answer = login_reply()
        else:
            self.asked.append(time.monotonic())
            if self.silences > 0:
                self.silences -= 1
                server.done.wait()
                return
            answer = book(row(CumulativeQuantity=len(self.asked)))
        # Noted before the first byte leaves: whoever asks a second after its answer asks later than that.
        if b"/user/session" not in head:
            self.answered.append(time.monotonic())
        connection.sendall(http_bytes(answer.text, extra="Connection: close\r\n"))

    def bot(self, books: int) -> tuple[BaseProcess, Any]:
        """A process that reads so many books and sends what it saw."""
        hear, say = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_read, args=(self.server.root, self.folder, books, say))
        process.start()
        return process, hear


def _read(root: str, folder: Path, books: int, say: Any) -> None:
    clock = SystemClock()
    client = FindocMultiClient(
        trade=CREDENTIALS,
        root=root,
        product_type="MIS",
        instruments=_Dump(),
        transport_factory=lambda _account: RequestsTransport(root, clock=clock),
        store=SessionStore(fs=OsFileSystem(), folder=folder, shared=OsSharedFolder(folder)),
        clock=clock,
    )
    client.connect()
    say.send([client.order_book("trade")[0].filled_quantity for _ in range(books)])


def seen_by(bot: tuple[BaseProcess, Any]) -> list[int]:
    """What a bot saw; fails when it does not end."""
    process, hear = bot
    assert hear.poll(WITHIN_SECS)
    found: list[int] = hear.recv()
    process.join(WITHIN_SECS)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the bots of the key meet."""
    return tmp_path / "sessions"


def test_processes_of_one_key_share_its_reads(folder: Path) -> None:
    """Each sees four new books, and no two reads are nearer than a second to an answer (behaviour 11.3)."""
    key = Key(folder)
    with key.server:
        bots = [key.bot(4) for _ in range(3)]
        for bot in bots:
            seen = seen_by(bot)
            assert seen == sorted(set(seen)), "every book is a new one"
            assert len(seen) == 4
    assert len(key.asked) < 12, "one reads for all"
    assert all(asked - answered >= 1.0 for answered, asked in zip(key.answered, key.asked[1:], strict=False))


def test_killed_reader_leaves_the_right_to_read_to_the_others(folder: Path) -> None:
    """`kill -9` while the answer is awaited: the others read a second later (behaviour 11.3)."""
    key = Key(folder)
    key.silences = 1
    with key.server:
        victim, _ = key.bot(1)
        deadline = time.monotonic() + WITHIN_SECS
        while not key.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        victim.join(WITHIN_SECS)
        bots = [key.bot(2) for _ in range(2)]
        for bot in bots:
            assert len(seen_by(bot)) == 2
    assert key.asked[1] - key.asked[0] >= 1.0


def test_stopped_reader_is_overtaken(folder: Path) -> None:
    """SIGSTOP while the answer is awaited: its lock stands, and the others read all the same (behaviour 11.3)."""
    key = Key(folder)
    key.silences = 1
    with key.server:
        stopped, _ = key.bot(1)
        deadline = time.monotonic() + WITHIN_SECS
        while not key.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        assert stopped.pid is not None
        os.kill(stopped.pid, signal.SIGSTOP)
        try:
            assert len(seen_by(key.bot(2))) == 2
        finally:
            os.kill(stopped.pid, signal.SIGKILL)
            stopped.join(WITHIN_SECS)
    assert key.asked[1] - key.asked[0] >= 1.0
