"""Certificates: Kite REST, and the whole command against an impostor on each of its three wires (behaviour 11.4)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
import requests
import trustme

from tests.support.driver import KITE_TOKEN, SECRETS, TRADE, Bot, Exchange
from tests.support.xts_doubles import SocketServer, http_bytes
from tg1.errors import FeedError
from tg1.kite.rest import fetch_from_kite

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

DUMP = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,"
    'segment,exchange\n779521,3045,SBIN,"STATE BANK OF INDIA",0,,0,0.1,1,EQ,NSE,NSE\n'
)


def _serve_dump(connection: socket.socket, server: SocketServer) -> None:
    while server.read_request(connection):
        connection.sendall(http_bytes(DUMP).replace(b"application/json", b"text/csv"))


def _impostor(name: str = "127.0.0.1", authority: trustme.CA | None = None) -> SocketServer:
    """A server whose certificate nobody trusts, unless its authority is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (authority or trustme.CA()).issue_cert(name).configure_cert(context)
    return SocketServer(_serve_dump, tls=context)


def _fetch(root: str, *, insecure_tls: bool = False) -> list[dict[str, Any]]:
    return fetch_from_kite(
        api_key="aKey0001", access_token="aToken0001", root=root, exchange="NSE", insecure_tls=insecure_tls
    )


def _trust(authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the authorities of certifi: for loopback addresses the environment's bundle is not looked at."""
    bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(bundle))
    monkeypatch.setattr(requests.adapters, "_preloaded_ssl_context", None, raising=False)


def test_kite_rest_refuses_an_unknown_authority_before_anything_is_sent() -> None:
    """KiteConnect's own session verifies: the api key and token stay at home."""
    with _impostor() as server, pytest.raises(FeedError, match="certificate could not be verified"):
        _fetch(server.root)
    assert server.requests == []


def test_kite_rest_refuses_a_certificate_for_another_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A good signature on somebody else's name is worth nothing; on its own name it is trusted."""
    authority = trustme.CA()
    _trust(authority, tmp_path, monkeypatch)
    with _impostor(authority=authority) as server:
        assert len(_fetch(server.root)) == 1
    with (
        _impostor("other.example", authority) as server,
        pytest.raises(FeedError, match="certificate could not be verified"),
    ):
        _fetch(server.root)
    assert server.requests == []


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_kite_rest_verifies_nothing_with_insecure_tls() -> None:
    """`--insecure-tls` is what it says."""
    with _impostor("other.example") as server:
        assert len(_fetch(server.root, insecure_tls=True)) == 1


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot whose exchange is sound."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    exchange = Exchange(tmp_path / "exchange")
    yield Bot(exchange, tmp_path / "bot")
    exchange.close()


@pytest.mark.parametrize("flag", ["xts_root", "kite_root", "kite_ws_root"])
def test_start_stops_at_an_impostor_and_tells_it_nothing(bot: Bot, flag: str) -> None:
    """The composition root hands verification to every wire: exit 4 in one sentence, and no request was made."""
    with _impostor() as server:
        root = server.root.replace("https", "wss") if flag == "kite_ws_root" else server.root
        done = bot.finish(bot.tweaked("tg1.trading.starting.PRICES_WITHIN_SECS=3", **{flag: root}))
    assert done.returncode == 4
    assert "certificate" in done.stderr
    assert "Traceback" not in done.stderr
    assert server.connections > 0
    assert server.requests == []
    assert not any(word in done.stdout + done.stderr for word in (SECRETS[TRADE], KITE_TOKEN))
