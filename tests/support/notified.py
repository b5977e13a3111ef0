"""A service on loopback that Apprise knows: it takes what is posted, as an ntfy server does, or refuses it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "a-secret-topic-of-mine"


class NtfyServer(ThreadingHTTPServer):
    """Knows what was posted; `status` is what it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.posted: list[tuple[str, str]] = []
        """Title and body of each message that it took."""

    @property
    def address(self) -> str:
        """As it is given to Apprise."""
        return f"ntfy://127.0.0.1:{self.server_port}/{TOPIC}"

    @property
    def hurried_address(self) -> str:
        """The same through Apprise's service for anybody's JSON, which has no pause between two messages."""
        return f"json://127.0.0.1:{self.server_port}/{TOPIC}"


class _Handler(BaseHTTPRequestHandler):
    server: NtfyServer

    def do_POST(self) -> None:
        """Take a message."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.posted.append((told["title"], told["message"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


def ntfy_server() -> Iterator[NtfyServer]:
    """Serve until the test is over."""
    server = NtfyServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
