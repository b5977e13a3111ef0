"""Waits for the address that the login leads to: one request to a loopback port, or one line that a person pastes."""

from __future__ import annotations

import select
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tg1.errors import ConfigError, OutputLost
from tg1.kite.daily_login import request_token_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

LOOPBACK = "127.0.0.1"
_DONE = b"<!doctype html><title>TG1</title><p>TG1 has the request token. You can close this page.\n"


class _Handler(BaseHTTPRequestHandler):
    """Keeps the first address that looks like the end of a login; a browser also asks for icons."""

    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        if not {"request_token", "status"} & parse_qs(urlsplit(self.path).query).keys():
            self.send_error(404)
            return
        self.server.address = self.path
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_DONE)))
        self.end_headers()
        self.wfile.write(_DONE)

    def log_message(self, *_: object) -> None:
        """Nothing: the line would hold the token."""


class _Server(HTTPServer):
    address = ""
    """What was asked for, once it was."""


def wait_for_token(port: int | None, typed: TextIO | None, say: Callable[[str], object]) -> str:
    """The request token, from whichever way brings one first; a wrong line is said and another awaited.

    Raises `ConfigError` for a port that can't be had, `OutputLost` when nothing can come any more.
    """
    server = None if port is None else _bound(port)
    try:
        while True:
            ready: list[_Server | TextIO] = [each for each in (server, typed) if each is not None]
            if not ready:
                raise OutputLost("the input ended before an address was given; nothing was changed")
            readable, _, _ = select.select(ready, [], [])
            if server in readable and server is not None:
                server.handle_request()
                given = server.address
            else:
                line = typed.readline() if typed else ""
                typed = typed if line else None
                given = line.strip()
            if not given:
                continue
            try:
                return request_token_of(given)
            except ConfigError as exc:
                say(str(exc))
                if server is not None:
                    server.address = ""
    finally:
        if server is not None:
            server.server_close()


def _bound(port: int) -> _Server:
    try:
        return _Server((LOOPBACK, port), _Handler)
    except OSError as exc:
        raise ConfigError(f"--listen {port} can't be had: {exc.strerror or exc}.") from exc
