"""Stand-ins for the XTS side: a transport that says what a test wrote, and a server made of a bare socket."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from tg1.models import Instrument, OrderRequest, OrderType, Side
from tg1.xts.http import HttpRequest, HttpResponse
from tg1.xts.login import XtsCredentials

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

CREDENTIALS = XtsCredentials(key="trade-app-key-0001", secret="trade-secret-0001")
TOKEN = "eyJ.first-token.sig"
IRFC = Instrument(
    symbol="IRFC", exchange="NSE", exchange_token=2029, instrument_token=519425, tick_size=Decimal("0.05"), lot_size=1
)
ORDER = OrderRequest(
    client_id="ab12gd01e1", symbol="IRFC", side=Side.BUY, quantity=100, order_type=OrderType.LIMIT,
    limit_price=Decimal("49.30"),
)  # fmt: skip


def reply(body: Any, status: int = 200, content_type: str = "application/json") -> HttpResponse:
    """An answer; a body that is no text is sent as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return HttpResponse(status=status, text=text, content_type=content_type)


def success(result: Any, code: str = "s-user-0001", description: str = "ok") -> dict[str, Any]:
    """A success envelope."""
    return {"type": "success", "code": code, "description": description, "result": result}


def error(code: str, description: str, result: Any = None) -> dict[str, Any]:
    """An error envelope."""
    return {"type": "error", "code": code, "description": description, "result": result or {}}


DEAD_TOKEN = reply(error("e-session-0007", "Invalid Token"), 400)


def login_reply(token: str = TOKEN, **more: Any) -> HttpResponse:
    """An accepted login (xts.md 2.1)."""
    fields = {"token": token, "userID": "ABC123", "isInvestorClient": True, "clientCodes": ["ABC123"], **more}
    return reply(success(fields, description="Valid User."))


def placed(order_id: Any = 1210049745) -> HttpResponse:
    """An accepted placement (xts.md 2.3)."""
    return reply(success({"AppOrderID": order_id, "ClientID": "ABC123"}, "s-orders-0001", "Request sent"))


def book(*rows: Any) -> HttpResponse:
    """An order book of these rows."""
    return reply(success(list(rows), description="Success order book"))


def row(**changes: Any) -> dict[str, Any]:
    """A row as Findoc sent it on 2026-02-04 (xts.md 2.6), shortened to the fields that somebody reads."""
    return {
        "ClientID": "AB12", "AppOrderID": 1210030180, "ExchangeOrderID": "", "ExchangeSegment": "NSECM",
        "ExchangeInstrumentID": 2029, "TradingSymbol": "IRFC", "OrderSide": "BUY", "OrderType": "Limit",
        "OrderPrice": 49.3, "OrderQuantity": 100, "OrderStatus": "New", "OrderAverageTradedPrice": "",
        "LeavesQuantity": 100, "CumulativeQuantity": 0, "CancelRejectReason": "",
        "OrderUniqueIdentifier": "ab12gd01e1", **changes,
    }  # fmt: skip


class ScriptedTransport:
    """Gives the next answer of its script to each request, and remembers the requests."""

    def __init__(self, *script: HttpResponse | Exception | Callable[[HttpRequest], HttpResponse]) -> None:
        self.script = list(script)
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.path.removeprefix('/interactive')}" for request in self.requests]


class SocketServer:
    """Serves loopback connections with one function each call of which is one connection, in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket, SocketServer], None], tls: ssl.SSLContext | None = None) -> None:
        self.serve = serve
        self.tls = tls
        self.requests: list[bytes] = []
        """Every complete request that was read, whatever became of it."""
        self.connections = 0
        self.done = threading.Event()
        """Set at the end of the test: a server that stays silent waits for it."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def root(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_exc: object) -> None:
        self.done.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(lambda connection=connection: self._run(connection))  # type: ignore[misc]

    def _run(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.serve(connection, self)
        except OSError:
            self.connections += 0  # the client hung up, which is what some tests are about
        finally:
            connection.close()

    def read_request(self, connection: socket.socket) -> bytes:
        """Read one request to its last byte and count it; empty when the client closed."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]


def http_bytes(body: str, status: str = "200 OK", *, extra: str = "") -> bytes:
    """A whole HTTP answer."""
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{extra}\r\n"
    return head.encode() + content


def reset(connection: socket.socket) -> None:
    """Close with an RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def dead_port() -> Iterator[int]:
    """A loopback port on which nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
