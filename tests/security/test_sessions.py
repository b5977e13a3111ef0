"""A session token goes to the root and the account that gave it, and nowhere else (behaviour 11.1, 16)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.xts_doubles import IRFC, ORDER, SocketServer, book, error, http_bytes, login_reply, placed, reply
from tg1.errors import ConfigError, Tg1Error
from tg1.findoc_client import FindocMultiClient
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.machine.shared_files import OsSharedFolder
from tg1.settings.values import to_root
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore
from tg1.xts.transport import RequestsTransport

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from tg1.models import Instrument

ACCOUNTS = {
    "trade": XtsCredentials(key="key-of-trade-1", secret="secret-of-trade-1"),
    "upside_oco": XtsCredentials(key="key-of-upside-2", secret="secret-of-upside-2"),
    "downside_oco": XtsCredentials(key="key-of-downside-3", secret="secret-of-downside-3"),
}


class _Dump:
    def load(self) -> None:
        """Nothing to fetch."""

    def find(self, symbol: str) -> Instrument:  # noqa: ARG002  # every symbol is the same here
        return IRFC


def _xts(root_name: str, *, refuses: bool = False) -> SocketServer:
    """An XTS server whose tokens tell where and to whom they were given."""

    def serve(connection: socket.socket, server: SocketServer) -> None:
        head, _, body = server.read_request(connection).partition(b"\r\n\r\n")
        if b"/user/session" in head.partition(b"\r\n")[0]:
            answer = login_reply(f"token-of-{root_name}-for-{json.loads(body)['appKey']}")
        elif refuses:
            answer = reply(error("e-session-0007", "Invalid Token"), 400)
        else:
            answer = placed() if head.startswith(b"POST") else book()
        connection.sendall(http_bytes(answer.text, f"{answer.status} X", extra="Connection: close\r\n"))

    return SocketServer(serve)


def _client(root: str, folder: Path, **accounts: XtsCredentials) -> FindocMultiClient:
    clock = SystemClock()
    given: dict[str, Any] = accounts or ACCOUNTS
    return FindocMultiClient(
        **given,
        root=root,
        product_type="MIS",
        instruments=_Dump(),
        transport_factory=lambda _account: RequestsTransport(root, clock=clock),
        store=SessionStore(fs=OsFileSystem(), folder=folder / "sessions", shared=OsSharedFolder(folder / "sessions")),
        clock=clock,
    )


def test_token_of_one_root_is_never_sent_to_another(tmp_path: Path) -> None:
    """One key, one state folder, two brokers: the second server, even one that refuses, sees its own token only."""
    with _xts("first") as first, _xts("second", refuses=True) as second:
        _client(first.root, tmp_path).connect()
        stranger = _client(second.root, tmp_path)
        stranger.connect()
        with pytest.raises(Tg1Error):
            stranger.place_order("trade", ORDER)
        _client(first.root, tmp_path).connect()
    assert any(b"token-of-second" in request for request in second.requests)
    assert not any(b"token-of-first" in request for request in second.requests)
    assert not any(b"token-of-second" in request for request in first.requests)


def test_token_of_one_account_is_never_sent_for_another(tmp_path: Path) -> None:
    """Each order and each read carries the token of its own account, also after a restart from the session files."""
    with _xts("root") as server:
        for _ in range(2):
            client = _client(server.root, tmp_path)
            client.connect()
            for account, credentials in ACCOUNTS.items():
                server.requests.clear()
                client.place_order(account, ORDER)
                (request,) = server.requests
                assert f"token-of-root-for-{credentials.key}".encode() in request
                others = [each.key for name, each in ACCOUNTS.items() if name != account]
                assert not any(key.encode() in request for key in others)


def test_key_and_secret_leave_in_the_login_alone(tmp_path: Path) -> None:
    """No order, cancel or book carries the app key or its secret, in a header, a query or a body."""
    with _xts("root") as server:
        client = _client(server.root, tmp_path, trade=ACCOUNTS["trade"])
        client.connect()
        (login,) = server.requests
        assert b"secret-of-trade-1" in login
        server.requests.clear()
        client.place_order("trade", ORDER)
        client.cancel_order("trade", "1210049745", ORDER.client_id)
        client.order_book("trade")
        assert len(server.requests) == 3
        assert not any(b"secret-of-trade-1" in request for request in server.requests)


@pytest.mark.parametrize(
    "root",
    [
        "http://xts.myfindoc.com",
        "http://10.0.0.1:8080",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@evil.example",
        "HTTP://xts.myfindoc.com",
        "http://[::ffff:10.0.0.1]",
        "http://0.0.0.0",
        "ftp://127.0.0.1",
    ],
)
def test_root_without_encryption_is_refused_unless_it_is_loopback(root: str) -> None:
    """Behaviour 11.4: nothing that merely looks like loopback gets a token in the clear."""
    for flag, scheme, spelt in (("--xts-root", "https", root), ("--kite-ws-root", "wss", _as_socket(root))):
        with pytest.raises(ConfigError, match=flag):
            to_root(flag, spelt, scheme)


def _as_socket(root: str) -> str:
    scheme, _, rest = root.partition("://")
    return f"{scheme.lower().replace('http', 'ws')}://{rest}"
