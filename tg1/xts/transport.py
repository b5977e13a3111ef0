"""One HTTP exchange with one server: it was answered, it never left us, or nobody knows."""

from __future__ import annotations

import http.client
import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3

from tg1.errors import NoAnswer, NotSent
from tg1.machine.hosts import is_loopback
from tg1.xts.http import HttpResponse
from tg1.xts.watched_http import WatchedAdapter, Wire

if TYPE_CHECKING:
    from tg1.machine.clock import Clock
    from tg1.xts.http import HttpRequest

CONNECT_TIMEOUT_SECS = 3.05
"""A little over a multiple of 3 s, TCP's first retransmission."""
READ_TIMEOUT_SECS = 7.0
"""The official SDK's (unused) default, xts.md 7.9."""
TOTAL_TIMEOUT_SECS = 15.0
"""From the request to the last byte of its answer: each byte of a trickle would renew the read timeout."""
MAX_IDLE_SECS = 20.0
"""Servers drop idle connections after about 65 s, and devices on the way earlier (xts.md 4.8)."""
MAX_BODY_BYTES = 32 * 1024 * 1024
"""Ten times a book of 3,000 rows."""

_CHUNK_BYTES = 64 * 1024


class RequestsTransport:
    """One account's pooled connection to `root`, `scheme://host[:port]`. May be used from any thread."""

    def __init__(
        self,
        root: str,
        *,
        clock: Clock,
        verify: bool | str = True,
        connect_timeout_secs: float = CONNECT_TIMEOUT_SECS,
        read_timeout_secs: float = READ_TIMEOUT_SECS,
        total_timeout_secs: float = TOTAL_TIMEOUT_SECS,
        max_idle_secs: float = MAX_IDLE_SECS,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._root = root
        self._clock = clock
        # trust_env is off: requests would replace our Authorization header by one from ~/.netrc, and let
        # REQUESTS_CA_BUNDLE win over --insecure-tls. The bundle and the proxies are taken over here instead.
        self._verify = (os.environ.get("REQUESTS_CA_BUNDLE") or True) if verify is True else verify
        host = urlsplit(root).hostname or ""
        self._proxies = {} if is_loopback(host) else requests.utils.get_environ_proxies(root)
        self._connect_timeout_secs = connect_timeout_secs
        self._read_timeout_secs = read_timeout_secs
        self._total_timeout_secs = total_timeout_secs
        self._max_idle_secs = max_idle_secs
        self._max_body_bytes = max_body_bytes
        self._wire = Wire(clock=clock, read_timeout_secs=read_timeout_secs)
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, WatchedAdapter(self._wire))
        if verify is False:
            # The operator asked for it and is told at every start (behaviour 11.4); urllib3 would say it per request.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._last_used = clock.monotonic()
        self._lock = threading.Lock()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send once; see `Transport.send`."""
        with self._lock:
            self._drop_idle_connection()
            self._wire.begin(min(self._total_timeout_secs, request.within_secs))
            try:
                return self._exchange(request)
            except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException) as exc:
                raise self._failure(exc) from exc
            except (OSError, ValueError) as exc:
                raise self._failure(exc) from exc
            finally:
                self._last_used = self._clock.monotonic()

    def close(self) -> None:
        """Drop the pooled connection; the next `send` opens a new one."""
        self._session.close()

    def _drop_idle_connection(self) -> None:
        if self._clock.monotonic() - self._last_used > self._max_idle_secs:
            self._session.close()

    def _exchange(self, request: HttpRequest) -> HttpResponse:
        answer = self._session.request(
            request.method,
            self._root + request.path,
            params=dict(request.params),
            data=request.body,
            headers=dict(request.headers),
            timeout=(
                min(self._connect_timeout_secs, request.within_secs),
                silence_secs(request, self._read_timeout_secs),
            ),
            verify=self._verify,
            proxies=self._proxies,
            allow_redirects=False,
            stream=True,
        )
        with closing(answer):
            if self._wire.proves_not_sent:  # an answer to half a request, e.g. 408
                raise NotSent(f"{self._root} closed the connection while the request was being sent")
            body = bytearray()
            for chunk in answer.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > self._max_body_bytes:
                    raise NoAnswer(f"{self._root} answered with more than {self._max_body_bytes} bytes")
            content_type = answer.headers.get("Content-Type", "")
            return HttpResponse(status=answer.status_code, text=_text(body), content_type=content_type)

    def _failure(self, exc: Exception) -> NotSent | NoAnswer:
        self._session.close()
        if self._wire.proves_not_sent or (not self._wire.was_touched and _says_not_sent(exc)):
            return NotSent(f"{self._root} could not be reached: {_reason(exc)}")
        return NoAnswer(f"{self._root} gave no whole answer: {_reason(exc)}")


def silence_secs(request: HttpRequest, read_timeout_secs: float = READ_TIMEOUT_SECS) -> float:
    """How long a server may say nothing to a request before it is given up."""
    return min(read_timeout_secs, request.within_secs)


def _text(body: bytes | bytearray) -> str:
    return body.decode("utf-8-sig", errors="replace")


_NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.SSLError,
    requests.exceptions.InvalidURL,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.LocationValueError,
)
_MAYBE_SENT = (
    requests.exceptions.ReadTimeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    urllib3.exceptions.ReadTimeoutError,
    urllib3.exceptions.ProtocolError,
    ConnectionResetError,
    BrokenPipeError,
)


def _says_not_sent(exc: Exception) -> bool:
    """Judge by the exceptions alone; asked only when our own connection classes saw nothing of the call.

    Anything that is not in the first table, or that carries something of the second, counts as sent.
    """
    causes = _causes(exc)
    return any(isinstance(cause, _NEVER_SENT) for cause in causes) and not any(
        isinstance(cause, _MAYBE_SENT) for cause in causes
    )


def _causes(exc: BaseException) -> list[BaseException]:
    """Return the exception and all that it wraps: requests keeps urllib3's in `args`, urllib3 the cause in `reason`."""
    found: list[BaseException] = []
    pending: list[Any] = [exc]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and not any(cause is known for known in found):
            found.append(cause)
            pending += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
    return found


def _reason(exc: Exception) -> str:
    """Return the plainest wording among an exception and its causes, at most 256 characters.

    The library's own texts repeat the URL and object addresses; the operating system's do not.
    """
    causes = _causes(exc)
    for cause in causes:
        if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException) and cause.strerror:
            return str(getattr(cause, "verify_message", "") or cause.strerror)[:256]
    if any(isinstance(cause, TimeoutError | requests.Timeout | urllib3.exceptions.TimeoutError) for cause in causes):
        return "timed out"
    return f"{type(causes[-1]).__name__}"
