"""Shared sessions: one login for all bots of a key, no ping-pong, no secret where none belongs (behaviour 11.1)."""

from __future__ import annotations

import json
import multiprocessing
import stat
import threading
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, SupportsBytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import MONDAY, HandClock
from tests.support.patience import PATIENCE_SECS
from tests.support.shared_memory import SharedMemory
from tg1.errors import BrokerUnavailable, SessionRefused
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.machine.shared_files import OsSharedFolder
from tg1.xts.login import XtsCredentials, XtsLogin, is_token
from tg1.xts.sessions import BACKING_OFF, SessionStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT = "https://xts.example"
KEYS = XtsCredentials(key="key-of-the-app-0001", secret="secret-0001")


def store_in(folder: Path) -> SessionStore:
    """A real store on the real disk."""
    return SessionStore(fs=OsFileSystem(), folder=folder, shared=OsSharedFolder(folder))


class Server:
    """Hands out tokens t1, t2, …; the newest alone is alive."""

    def __init__(self) -> None:
        self.logins = 0

    def log_in(self) -> XtsLogin:
        self.logins += 1
        return XtsLogin(token=f"t{self.logins}", user_id="ABC", is_investor=False, client_codes=("AB12",))


class Bot:
    """A bot's view of the shared session."""

    def __init__(self, folder: Path, server: Server, clock: Any) -> None:
        self.store = store_in(folder)
        self.path = self.store.path_of(KEYS, ROOT)
        self.server, self.clock = server, clock

    def renew(self, dead: str | None, log_in: Callable[[], XtsLogin] | None = None) -> XtsLogin:
        return self.store.renew(self.path, dead_token=dead, log_in=log_in or self.server.log_in, clock=self.clock)


@pytest.fixture
def clock() -> HandClock:
    """A clock that the test moves."""
    return HandClock()


@pytest.fixture
def server() -> Server:
    """The login server."""
    return Server()


@pytest.fixture
def bot(tmp_path: Path, server: Server, clock: HandClock) -> Bot:
    """One bot."""
    return Bot(tmp_path / "sessions", server, clock)


@pytest.fixture
def other(tmp_path: Path, server: Server, clock: HandClock) -> Bot:
    """Another bot of the same key in the same folder."""
    return Bot(tmp_path / "sessions", server, clock)


def test_store_keeps_a_login_for_the_next_process(bot: Bot, other: Bot) -> None:
    """A restarted bot finds the whole session in the file and needs no login."""
    login = bot.renew(None)
    assert other.store.saved(other.path) == login
    assert login.client_codes == ("AB12",)


def test_store_adopts_a_newer_token_instead_of_logging_in(bot: Bot, other: Bot, server: Server) -> None:
    """Only the token that failed is replaced: somebody else's newer one is taken over (behaviour 11.1)."""
    first = bot.renew(None)
    assert other.renew(None) == first
    bot.clock.advance(600)
    second = bot.renew(first.token)
    assert other.renew(first.token) == second
    assert server.logins == 2


def test_two_bots_do_not_log_each_other_out_when_each_meets_a_dead_token(
    bot: Bot, other: Bot, server: Server, clock: HandClock
) -> None:
    """One dead token costs one login, however many bots share it (reference.md 25)."""
    tokens = {bot: bot.renew(None).token, other: other.renew(None).token}
    clock.advance(300)
    alive = "the dashboard's"
    for _second in range(100):
        clock.advance(1)
        for each in (bot, other):
            if tokens[each] != alive:
                logins = server.logins
                tokens[each] = each.renew(tokens[each]).token
                if server.logins > logins:
                    alive = tokens[each]
    assert server.logins == 2


def test_threads_and_processes_log_in_once_between_them(tmp_path: Path) -> None:
    """Six threads and two processes that start together share one login, guarded by the file lock."""
    folder = tmp_path / "sessions"
    server = Server()
    barrier = threading.Barrier(6)
    tokens: list[str] = []

    def run() -> None:
        each = Bot(folder, server, SystemClock())
        barrier.wait(PATIENCE_SECS)
        tokens.append(each.renew(None).token)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECS)
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        tokens += pool.map(_token_seen_by_another_process, [folder, folder])
    assert tokens == ["t1"] * 8
    assert server.logins == 1


def _token_seen_by_another_process(folder: Path) -> str:
    return Bot(folder, Server(), HandClock()).renew(None, _never_log_in).token


def _never_log_in() -> XtsLogin:
    raise AssertionError("there is a session already")


def test_store_backs_off_when_tokens_die_at_once(bot: Bot, server: Server, clock: HandClock) -> None:
    """Logins that follow each other come 2, 4, 8 … 60 s apart at the least."""
    token, times, codes = bot.renew(None).token, [0.0], set[str]()
    start = clock.monotonic()
    while len(times) < 8:
        clock.advance(1)
        try:
            token = bot.renew(token).token
        except SessionRefused as exc:
            codes.add(exc.code)
        else:
            times.append(clock.monotonic() - start)
    assert codes == {BACKING_OFF}
    assert [later - earlier for earlier, later in pairwise(times)] == [2, 4, 8, 16, 32, 60, 60]
    assert server.logins == 8


def test_back_off_is_shared_by_every_bot_of_the_key(bot: Bot, other: Bot) -> None:
    """A login that one bot tried holds the others back as well; a key of its own does not."""
    dead = bot.renew(None).token
    with pytest.raises(SessionRefused, match="the session is dead and the next login may be tried in 2 s"):
        other.renew(dead)
    stranger = other.store.path_of(XtsCredentials(key="another-key", secret="s"), ROOT)
    assert other.store.login_wait_secs(stranger, other.clock.now()) == 0.0


def test_back_off_counts_logins_that_failed(bot: Bot, other: Bot, clock: HandClock) -> None:
    """An unreachable or refusing server is not hammered with logins either."""

    def fail() -> XtsLogin:
        raise BrokerUnavailable("no route")

    with pytest.raises(BrokerUnavailable):
        bot.renew(None, fail)
    assert other.store.login_wait_secs(other.path, clock.now()) == 2.0
    with pytest.raises(SessionRefused, match="the last login failed and the next login may be tried in 2 s: no route"):
        other.renew(None)
    with pytest.raises(SessionRefused):
        other.renew(None)
    clock.advance(2)
    assert other.renew(None).token == "t1"


def test_back_off_ends_when_a_token_lived(bot: Bot, clock: HandClock) -> None:
    """A token that lasted past two minutes starts the series anew."""
    token = bot.renew(None).token
    clock.advance(2)
    token = bot.renew(token).token
    clock.advance(120)
    token = bot.renew(token).token
    assert bot.store.login_wait_secs(bot.path, clock.now()) == 2.0


def test_back_off_does_not_outlive_a_clock_that_was_set_back(bot: Bot, clock: HandClock) -> None:
    """A wall clock that jumps back an hour must not lock the key for that hour."""
    token = bot.renew(None).token
    clock.wall -= timedelta(hours=1)
    assert bot.renew(token).token == "t2"


def test_session_file_is_private_and_does_not_name_the_key(bot: Bot) -> None:
    """Mode 0600, and neither name nor content holds key or secret (behaviour 11.1)."""
    bot.renew(None)
    assert stat.S_IMODE(bot.path.stat().st_mode) == 0o600
    files = [path for path in bot.path.parent.iterdir() if path.is_file()]
    everything = " ".join(f"{path.name} {path.read_text()}" for path in files)
    assert KEYS.key not in everything
    assert KEYS.secret not in everything


def test_session_files_of_two_roots_are_two(bot: Bot) -> None:
    """A paper session never serves the real broker."""
    assert bot.store.path_of(KEYS, ROOT) != bot.store.path_of(KEYS, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    "damage",
    [b"", b"\0" * 200, b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"schema": 1}', b"[" * 100_000],
    ids=["empty", "nul", "cut", "list", "null", "text", "binary", "keys-missing", "deep"],
)  # fmt: skip
def test_corrupt_session_file_counts_as_none(bot: Bot, other: Bot, damage: bytes) -> None:
    """Nothing in a session file is worth refusing a start: the next login writes it anew."""
    bot.path.parent.mkdir(parents=True)
    bot.path.write_bytes(damage)
    assert bot.store.saved(bot.path) is None
    assert bot.renew(None).token == "t1"
    assert other.store.saved(other.path) == bot.store.saved(bot.path)


@given(
    field=st.sampled_from(
        ["schema", "attempted_at", "delay_secs", "token", "user_id", "is_investor", "client_codes", "why"]
    ),
    junk=st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()), st.just("2026-11-23")
    ),
)
def test_session_file_with_a_strange_field_never_raises(
    tmp_path_factory: pytest.TempPathFactory, field: str, junk: object
) -> None:
    """Whatever stands in a field, the file gives a usable session or none."""
    folder = tmp_path_factory.mktemp("sessions")
    writer = Bot(folder, Server(), HandClock())
    writer.renew(None)
    content = json.loads(writer.path.read_text()) | {field: junk}
    writer.path.write_text(json.dumps(content))
    saved = store_in(folder).saved(writer.path)
    assert saved is None or is_token(saved.token)
    assert store_in(folder).login_wait_secs(writer.path, MONDAY) <= 60.0


class _FullDisk(OsFileSystem):
    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        raise OSError(28, f"No space left on device for {len(bytes(data))} bytes", str(path))

    def make_dir(self, path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))


def test_login_goes_on_when_the_disk_is_full(tmp_path: Path, server: Server, clock: HandClock) -> None:
    """The emergency stop must be able to log in without a disk, and still backs off (failures.md II.18)."""
    store = SessionStore(fs=_FullDisk(), folder=tmp_path, shared=SharedMemory().process())
    path = store.path_of(KEYS, ROOT)
    login = store.renew(path, dead_token=None, log_in=server.log_in, clock=clock)
    assert store.saved(path) == login
    with pytest.raises(SessionRefused):
        store.renew(path, dead_token=login.token, log_in=server.log_in, clock=clock)


def test_credentials_and_sessions_hide_themselves() -> None:
    """A repr in a log or a traceback shows no key, secret or token (behaviour 16)."""
    shown = repr(KEYS) + str(KEYS) + repr(Server().log_in())
    assert KEYS.key not in shown
    assert KEYS.secret not in shown
    assert "t1" not in shown


@pytest.mark.parametrize("value", ["", "a b", "a\r\nX: y", "é", "x" * 9000, 5, None, b"t"])
def test_token_that_can_not_stand_in_a_header_is_none(value: object) -> None:
    """`requests` would quote such a header's value, and with it the token, in its error text."""
    assert not is_token(value)
