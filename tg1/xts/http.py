"""A request and its answer as plain values, and who carries them: PURE, no socket, no clock.

`Transport` is the seam of the XTS side. Everything above it is policy (classifying, logging in again, pacing) and runs
unchanged over the simulation's in-process exchange; everything below it is sockets. A transport never repeats a
request, never follows a redirect and never judges an answer: a second POST is a second order (failures.md I.4).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What is asked. The headers carry the token and the body may carry credentials: neither is in the repr."""

    method: str
    path: str
    """From the root on, e.g. "/interactive/orders"."""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json_body: Mapping[str, Any] | None = field(default=None, repr=False)
    within_secs: float = math.inf
    """From the connection to the last byte of the answer; never longer than the transport's own limits."""

    @property
    def body(self) -> bytes | None:
        """The JSON text that goes on the wire; None when there is no body."""
        if self.json_body is None:
            return None
        return json.dumps(self.json_body, separators=(",", ":"), allow_nan=False).encode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What was answered, whole. The text of a login holds a token: it is not in the repr."""

    status: int
    text: str = field(repr=False)
    content_type: str = ""


class Transport(Protocol):
    """Carries one request to one account's server."""

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send once and return the answer, whatever its status.

        Raises `NotSent` only with proof that the server can't act on the request, `NoAnswer` in every other failure.
        """
