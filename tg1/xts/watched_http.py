"""A `requests` adapter that watches its own sockets: what left this machine, and no later than when an answer must end.

`tg1.xts.transport` asks it after a failure. Nothing here knows of orders, accounts or XTS.
"""

from __future__ import annotations

import http.client
import io
from functools import partial
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from socket import socket

    from tg1.machine.clock import Clock

_LEAST_SECS = 0.05


class Wire:
    """What really happened on the socket during the current call, noted by the connection itself.

    The names of exceptions prove little: an `SSLError` may come from the handshake or from the answer. What proves
    that nothing was done is that the last byte of the request was never handed to the kernel: no server acts on half
    a request. Used by one call at a time.
    """

    def __init__(self, *, clock: Clock, read_timeout_secs: float) -> None:
        self.clock = clock
        self.read_timeout_secs = read_timeout_secs
        self.deadline = 0.0
        self.was_touched = False
        self._is_complete = False

    def begin(self, total_timeout_secs: float) -> None:
        """Forget the last call; the answer of this one must end within so many seconds."""
        self.deadline = self.clock.monotonic() + total_timeout_secs
        self.was_touched = self._is_complete = False

    def touch(self) -> None:
        """A connection of ours begins to connect or to send."""
        self.was_touched = True

    def complete(self) -> None:
        """The last byte of the request was handed to the kernel."""
        self._is_complete = True

    def within(self, secs: Any) -> Any:
        """Return so many seconds, or what is left until the deadline; never 0, which would mean "don't wait at all"."""
        left = max(_LEAST_SECS, self.deadline - self.clock.monotonic())
        return min(secs, left) if isinstance(secs, int | float) else left

    @property
    def proves_not_sent(self) -> bool:
        """A connection of ours was at work and never got to the end of the request."""
        return self.was_touched and not self._is_complete


class _DeadlineReader(io.RawIOBase):
    """Reads a socket no longer than until the call's deadline, headers included."""

    def __init__(self, raw: io.RawIOBase, sock: socket, wire: Wire) -> None:
        self._raw = raw
        self._sock = sock
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._wire.deadline - self._wire.clock.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        self._sock.settimeout(min(left, self._wire.read_timeout_secs))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket, *args: Any, wire: Wire, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock, wire))


def _watched_pools(wire: Wire) -> dict[str, type[HTTPConnectionPool]]:
    """Return pool classes whose connections report to `wire`."""

    class Plain(HTTPConnection):
        response_class = partial(_DeadlineResponse, wire=wire)  # type: ignore[assignment]  # http.client only calls it

        def connect(self) -> None:
            wire.touch()
            # Connection and handshake are part of what a short request may take.
            self.timeout = wire.within(self.timeout)
            super().connect()

        def request(self, *args: Any, **kwargs: Any) -> None:
            wire.touch()
            super().request(*args, **kwargs)
            wire.complete()

    class Encrypted(Plain, HTTPSConnection):
        """The same over TLS: `super()` of `Plain` is `HTTPSConnection` here."""

    plain_pool = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
    encrypted_pool = type("EncryptedPool", (HTTPSConnectionPool,), {"ConnectionCls": Encrypted})
    return {"http": plain_pool, "https": encrypted_pool}


class WatchedAdapter(HTTPAdapter):
    """One connection, no retries, every step reported to the wire."""

    def __init__(self, wire: Wire) -> None:
        self._pools = _watched_pools(wire)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Build the direct pools of watched connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Build the pools behind a proxy likewise."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager
