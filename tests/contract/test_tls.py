"""TLS: a certificate is verified unless the operator said otherwise (behaviour 11.4, reference.md 19)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.support.xts_doubles import SocketServer, http_bytes
from tg1.errors import NoAnswer, NotSent
from tg1.machine.clock import SystemClock
from tg1.xts.http import HttpRequest
from tg1.xts.transport import RequestsTransport

if TYPE_CHECKING:
    import socket
    from pathlib import Path

POST = HttpRequest(method="POST", path="/interactive/orders", json_body={})


def _answer_all(connection: socket.socket, server: SocketServer) -> None:
    while server.read_request(connection):
        connection.sendall(http_bytes("{}"))


def _server(*names: str, authority: trustme.CA | None = None) -> SocketServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (authority or trustme.CA()).issue_cert(*names).configure_cert(context)
    return SocketServer(_answer_all, tls=context)


@pytest.fixture(autouse=True)
def _no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)


def test_unknown_authority_is_refused_before_anything_is_sent() -> None:
    """The default verifies: no token goes to a server that can't prove its name."""
    with _server("127.0.0.1") as server, pytest.raises(NotSent, match="certificate"):
        RequestsTransport(server.root, clock=SystemClock()).send(POST)
    assert server.requests == []


def test_wrong_host_name_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """A good certificate for another name is no proof either (xts.md 1.1: one broker has such a one)."""
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with _server("other.example", authority=authority) as server, pytest.raises(NotSent):
        RequestsTransport(server.root, clock=SystemClock(), verify=str(bundle)).send(POST)
    assert server.requests == []


def test_insecure_tls_accepts_any_certificate() -> None:
    """`--insecure-tls` is what it says."""
    with _server("other.example") as server:
        transport = RequestsTransport(server.root, clock=SystemClock(), verify=False)
        assert transport.send(POST).status == 200
        transport.close()


def test_insecure_tls_wins_over_a_bundle_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`requests` by itself would let REQUESTS_CA_BUNDLE switch verification on again."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with _server("127.0.0.1") as server:
        transport = RequestsTransport(server.root, clock=SystemClock(), verify=False)
        assert transport.send(POST).status == 200
        transport.close()


@pytest.mark.parametrize("from_environment", [True, False], ids=["environment", "argument"])
def test_own_authority_is_trusted_when_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, from_environment: bool
) -> None:
    """A company's bundle is taken from REQUESTS_CA_BUNDLE, as everywhere in Python."""
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    if from_environment:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with _server("127.0.0.1", authority=authority) as server:
        verify = True if from_environment else str(bundle)
        transport = RequestsTransport(server.root, clock=SystemClock(), verify=verify)
        assert transport.send(POST).status == 200
        assert transport.send(POST).status == 200
        transport.close()
    assert server.connections == 1


def test_broken_tls_answer_is_not_taken_for_a_refused_handshake() -> None:
    """The request was complete when the stream broke: an `SSLError` of that moment is no proof of "not sent"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def break_off(connection: socket.socket, server: SocketServer) -> None:
        server.read_request(connection)
        # Plain bytes inside an encrypted stream.
        raw = connection.detach()
        import socket as sockets  # noqa: PLC0415  # the name at the top is for annotations only

        plain = sockets.socket(fileno=raw)
        plain.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 4)
        plain.close()

    with SocketServer(break_off, tls=context) as server:
        with pytest.raises(NoAnswer):
            RequestsTransport(server.root, clock=SystemClock(), verify=False).send(POST)
        assert len(server.requests) == 1
