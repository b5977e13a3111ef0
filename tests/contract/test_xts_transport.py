"""The transport at its sockets: every request goes once, and "not sent" is said only with proof (failures.md I.4)."""

from __future__ import annotations

import json
import math
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests
import responses
import urllib3

from tests.support.patience import PATIENCE_SECS
from tests.support.xts_doubles import SocketServer, dead_port, http_bytes, reset
from tg1.errors import NoAnswer, NotSent
from tg1.machine.clock import SystemClock
from tg1.xts.http import HttpRequest, HttpResponse
from tg1.xts.transport import RequestsTransport, silence_secs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POST = HttpRequest(
    method="POST", path="/interactive/orders", headers={"Authorization": "tok"}, json_body={"limitPrice": 49.3}
)
GET = HttpRequest(method="GET", path="/interactive/orders", params={"clientID": "*****"})
OK = http_bytes('{"type":"success"}')


PATIENT = dict.fromkeys(("connect_timeout_secs", "read_timeout_secs", "total_timeout_secs"), PATIENCE_SECS)


def transport_to(root: str, **options: float) -> RequestsTransport:
    """A real transport whose limits no answer of a busy machine reaches, unless a test shortens them."""
    limits = {**PATIENT, **options}
    return RequestsTransport(root, clock=SystemClock(), **limits)  # type: ignore[arg-type]


def _answer_all(connection: socket.socket, server: SocketServer) -> None:
    while server.read_request(connection):
        connection.sendall(OK)


def test_transport_sends_the_request_as_written() -> None:
    """Raw token, JSON body, query, and nothing from the environment (xts.md 1.3)."""
    with SocketServer(_answer_all) as server:
        transport = transport_to(server.root)
        answer = transport.send(POST)
        transport.send(GET)
        transport.close()
    assert answer == HttpResponse(status=200, text='{"type":"success"}', content_type="application/json")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /interactive/orders HTTP/1.1\r\n")
    assert b"Authorization: tok" in head
    assert json.loads(body) == {"limitPrice": 49.3}
    assert server.requests[1].startswith(b"GET /interactive/orders?clientID=%2A%2A%2A%2A%2A HTTP/1.1")
    assert server.connections == 1


def _reset_after_reading(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    reset(connection)


def _close_after_reading(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)


def _stay_silent(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    server.done.wait(PATIENCE_SECS)


def _send_half_an_answer(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(OK[:-5])


def _send_half_a_head(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")


def _send_no_http(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(b"\x16\x03\x01garbage\r\n\r\n")


def _send_bad_chunks(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc")


def _send_bad_gzip(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(http_bytes("this is no gzip", extra="Content-Encoding: gzip\r\n"))


def _trickle_a_body(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not server.done.wait(0.05):
        connection.sendall(b" ")


def _trickle_a_head(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not server.done.wait(0.05):
        connection.sendall(b"X: y\r\n")


def _flood(connection: socket.socket, server: SocketServer) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while not server.done.is_set():
        connection.sendall(b"x" * 65536)


LOST: list[Callable[[socket.socket, SocketServer], None]] = [
    _reset_after_reading, _close_after_reading, _stay_silent, _send_half_an_answer, _send_no_http,
    _send_bad_chunks, _send_bad_gzip, _trickle_a_body, _trickle_a_head, _flood,
]  # fmt: skip


@pytest.mark.parametrize("serve", LOST, ids=lambda serve: serve.__name__.strip("_"))
def test_post_goes_once_and_is_not_answered_when_the_server_fails_after_it(
    serve: Callable[[socket.socket, SocketServer], None],
) -> None:
    """The request left, so only `NoAnswer` may be said, and it must not be sent again (failures.md I.4)."""
    with SocketServer(serve) as server:
        with pytest.raises(NoAnswer) as caught:
            transport_to(server.root, read_timeout_secs=0.3, total_timeout_secs=1.0, max_body_bytes=1_000_000).send(
                POST
            )
        posts = len(server.requests)
    assert posts == 1
    assert server.connections == 1
    assert "tok" not in str(caught.value).split()


def test_head_that_was_cut_off_leaves_an_empty_answer() -> None:
    """The library takes the end of a stream for the end of a head; the empty text is unreadable to all above."""
    with SocketServer(_send_half_a_head) as server:
        assert transport_to(server.root).send(POST).text == ""
        assert len(server.requests) == 1


def test_post_is_not_sent_when_nobody_listens() -> None:
    """A refused connection proves that nothing left."""
    with dead_port() as port, pytest.raises(NotSent, match="refused"):
        transport_to(f"http://127.0.0.1:{port}").send(POST)


def test_post_is_not_sent_when_the_name_is_unknown() -> None:
    """A name that does not resolve proves that nothing left (failures.md II.12)."""
    with pytest.raises(NotSent):
        transport_to("https://no-such-host.invalid").send(POST)


def test_post_is_not_sent_when_the_handshake_breaks() -> None:
    """A server that hangs up, resets or talks plainly in the TLS handshake has no request of ours."""

    def hang_up(connection: socket.socket, server: SocketServer) -> None:
        connection.recv(65536)
        if server.connections == 1:
            reset(connection)
        elif server.connections == 2:
            connection.sendall(OK)

    with SocketServer(hang_up) as server:
        for _ in range(3):
            with pytest.raises(NotSent):
                transport_to(f"https://127.0.0.1:{server.port}").send(POST)
    assert server.requests == []


def test_silent_handshake_is_not_sent() -> None:
    """A TLS handshake that is never answered ends at the connect timeout, with nothing sent."""

    def keep_silent(_connection: socket.socket, server: SocketServer) -> None:
        server.done.wait(PATIENCE_SECS)

    with SocketServer(keep_silent) as server, pytest.raises(NotSent):
        transport_to(f"https://127.0.0.1:{server.port}", connect_timeout_secs=0.2).send(POST)


SHORT = replace(GET, within_secs=0.2)
LONG = {"connect_timeout_secs": 300.0, "read_timeout_secs": 300.0, "total_timeout_secs": 300.0}


@pytest.mark.parametrize("serve", [_stay_silent, _trickle_a_body, _trickle_a_head], ids=lambda serve: serve.__name__)
def test_request_that_says_how_long_it_may_take_takes_no_longer(
    serve: Callable[[socket.socket, SocketServer], None],
) -> None:
    """Behaviour 11.6: a read is given up long before an order is."""
    with SocketServer(serve) as server, pytest.raises(NoAnswer):
        transport_to(server.root, **LONG).send(SHORT)


def test_handshake_is_part_of_what_a_request_may_take() -> None:
    """Behaviour 11.6: a server that accepts and says nothing keeps nobody waiting either."""

    def keep_silent(_connection: socket.socket, server: SocketServer) -> None:
        server.done.wait(PATIENCE_SECS)

    with SocketServer(keep_silent) as server, pytest.raises(NotSent):
        transport_to(f"https://127.0.0.1:{server.port}", **LONG).send(SHORT)


def test_next_request_has_its_own_limit() -> None:
    """A short read before an order does not shorten the order."""

    def answer_late(connection: socket.socket, server: SocketServer) -> None:
        while request := server.read_request(connection):
            if not request.startswith(b"GET") or server.done.wait(0.6):
                server.done.wait(0.4)
                connection.sendall(OK)

    with SocketServer(answer_late) as server:
        transport = transport_to(server.root, **LONG)
        with pytest.raises(NoAnswer):
            transport.send(SHORT)
        assert transport.send(POST).status == 200
        transport.close()


@pytest.mark.parametrize(("within_secs", "secs"), [(3.0, 3.0), (9.0, 7.0), (math.inf, 7.0)])
def test_silence_ends_at_the_shorter_of_both_limits(within_secs: float, secs: float) -> None:
    """Behaviour 11.6: seven seconds for an order, three for a book."""
    assert silence_secs(replace(GET, within_secs=within_secs)) == secs


def test_connection_that_the_server_closed_is_not_used_again() -> None:
    """A pooled connection that ended since goes unused, so the order is answered (behaviour 11.6)."""
    closed = threading.Event()

    def answer_once(connection: socket.socket, server: SocketServer) -> None:
        server.read_request(connection)
        connection.sendall(OK)
        if server.connections == 1:
            connection.close()
            closed.set()

    with SocketServer(answer_once) as server:
        transport = transport_to(server.root)
        transport.send(GET)
        assert closed.wait(PATIENCE_SECS)
        assert transport.send(POST).status == 200
    assert len(server.requests) == 2
    assert server.connections == 2


def test_order_on_a_connection_that_was_reset_is_known_not_to_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the check before the send is too early, the failing send itself is the proof (behaviour 11.6)."""
    gone = threading.Event()

    def answer_once_then_reset(connection: socket.socket, server: SocketServer) -> None:
        server.read_request(connection)
        connection.sendall(OK)
        reset(connection)
        gone.set()

    monkeypatch.setattr("urllib3.connectionpool.is_connection_dropped", lambda _connection: False)
    with SocketServer(answer_once_then_reset) as server:
        transport = transport_to(server.root)
        transport.send(GET)
        assert gone.wait(PATIENCE_SECS)
        with pytest.raises(NotSent):
            transport.send(POST)
    assert len(server.requests) == 1


def test_order_on_a_connection_that_closes_under_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel took the bytes before it learned of the close: nobody knows, so nobody says "not sent"."""
    gone = threading.Event()

    def answer_once_then_close(connection: socket.socket, server: SocketServer) -> None:
        server.read_request(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_WR)
        gone.set()
        server.read_request(connection)

    monkeypatch.setattr("urllib3.connectionpool.is_connection_dropped", lambda _connection: False)
    with SocketServer(answer_once_then_close) as server:
        transport = transport_to(server.root)
        transport.send(GET)
        assert gone.wait(PATIENCE_SECS)
        with pytest.raises(NoAnswer):
            transport.send(POST)


def test_idle_connection_is_dropped_before_the_next_call() -> None:
    """Beyond the idle limit a new connection is opened, since the old one may be dead without a sign (xts.md 4.8)."""

    class LateClock(SystemClock):
        late_secs = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.late_secs

    clock = LateClock()
    with SocketServer(_answer_all) as server:
        transport = RequestsTransport(server.root, clock=clock)
        transport.send(GET)
        clock.late_secs += 19
        transport.send(GET)
        assert server.connections == 1
        clock.late_secs += 21
        transport.send(POST)
        transport.close()
    assert server.connections == 2


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_redirect_is_not_followed(status: str) -> None:
    """A 307 would post the order, and the token, a second time somewhere else."""

    def redirect(connection: socket.socket, server: SocketServer) -> None:
        while server.read_request(connection):
            connection.sendall(http_bytes("", status, extra=f"Location: {server.root}/elsewhere\r\n"))

    with SocketServer(redirect) as server:
        transport = transport_to(server.root)
        assert transport.send(POST).status == int(status[:3])
        transport.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "429 Too Many", "500 Oops", "502 Bad Gateway", "503 No"])
def test_error_status_is_an_answer_and_no_reason_to_send_again(status: str) -> None:
    """A transport judges nothing; also a 503 with Retry-After is handed up as it is."""

    def refuse(connection: socket.socket, server: SocketServer) -> None:
        while server.read_request(connection):
            connection.sendall(http_bytes("<html>", status, extra="Retry-After: 0\r\n"))

    with SocketServer(refuse) as server:
        transport = transport_to(server.root)
        assert transport.send(POST) == HttpResponse(
            status=int(status[:3]), text="<html>", content_type="application/json"
        )
        transport.close()
    assert len(server.requests) == 1


def test_environment_leaves_loopback_calls_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor a ~/.netrc, whose password would replace our token, touches the call."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with SocketServer(_answer_all) as server:
        transport = transport_to(server.root)
        transport.send(POST)
        transport.close()
    assert b"Authorization: tok\r\n" in server.requests[0]


def test_proxy_that_is_down_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond loopback the environment's proxy is used, and its refusal proves that nothing left."""
    with dead_port() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(NotSent):
            transport_to("https://xts.example").send(POST)


def test_body_in_odd_encodings_is_still_text() -> None:
    """A byte order mark is dropped and a broken byte does not lose the rest."""

    def odd(connection: socket.socket, server: SocketServer) -> None:
        while server.read_request(connection):
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n\xef\xbb\xbf{"\xff"')

    with SocketServer(odd) as server:
        transport = transport_to(server.root)
        assert transport.send(GET).text == '{"\ufffd"'
        transport.close()


_POOL = urllib3.HTTPConnectionPool("xts.example")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (requests.exceptions.ConnectTimeout("t"), NotSent),
        (requests.exceptions.ProxyError("p"), NotSent),
        (requests.exceptions.SSLError("handshake"), NotSent),
        (
            requests.exceptions.ConnectionError(
                urllib3.exceptions.MaxRetryError(
                    _POOL, "/", urllib3.exceptions.NewConnectionError(_POOL, "refused")  # type: ignore[arg-type]
                )
            ),
            NotSent,
        ),
        (
            requests.exceptions.ConnectionError(
                urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
            ),
            NoAnswer,
        ),
        (requests.exceptions.SSLError(urllib3.exceptions.ProtocolError("mid-answer")), NoAnswer),
        (requests.exceptions.ReadTimeout("t"), NoAnswer),
        (requests.exceptions.ChunkedEncodingError("c"), NoAnswer),
        (requests.exceptions.ContentDecodingError("g"), NoAnswer),
        (requests.exceptions.ConnectionError("what?"), NoAnswer),
        (requests.exceptions.RequestException("what?"), NoAnswer),
        (ConnectionResetError(104, "reset"), NoAnswer),
        (urllib3.exceptions.HTTPError("what?"), NoAnswer),
        (ValueError("what?"), NoAnswer),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)  # fmt: skip
@responses.activate
def test_exception_alone_proves_little(raised: Exception, kind: type[Exception]) -> None:
    """Without a witness at the socket, only exceptions of the connecting phase mean "not sent"."""
    responses.add(responses.POST, "https://xts.example/interactive/orders", body=raised)
    with pytest.raises(kind):
        transport_to("https://xts.example").send(POST)
    assert len(responses.calls) == 1


def test_request_hides_its_token_and_its_body() -> None:
    """A request in a log or a traceback shows where it goes and nothing secret (behaviour 16)."""
    login = HttpRequest(method="POST", path="/p", headers={"Authorization": "tok-1"}, json_body={"secretKey": "sec-1"})
    shown = repr(login) + repr(HttpResponse(status=200, text='{"token":"tok-2"}'))
    assert not {"tok-1", "sec-1", "tok-2"} & set(shown.replace('"', "'").split("'"))
