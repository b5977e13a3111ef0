"""Zerodha's REST calls with the real `KiteConnect`, with every fault as one of ours (kite.md 2).

Importing `kiteconnect` costs 0.3 s and 44 MB (kite.md 0.10), so only a call does.
"""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tg1.errors import FeedError, KiteRefused, KiteTokenExpired
from tg1.kite.feed_values import TOKEN_EXPIRED
from tg1.machine.hosts import is_loopback
from tg1.machine.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

KITE_ROOT = "https://api.kite.trade"
NO_PERMISSION = (
    "The plan of this api key does not allow the call: historical and live data come with the paid Kite Connect app, "
    "not with the free personal one (developers.kite.trade)"
)
"""What a `PermissionException` means (kite.md 2.6, 2.7)."""
_SERVER_FAULT = 500


def fetch_from_kite(
    *, api_key: str, access_token: str, root: str | None, exchange: str, insecure_tls: bool, deadline_secs: float = 60.0
) -> list[dict[str, Any]]:
    """Download the dump with the real `KiteConnect` (7 s to connect and per read; `deadline_secs` for all of it).

    Raises `KiteTokenExpired` for a dead token and `FeedError` for every other fault of kite.md 2.4.
    """
    kite = kite_connect(api_key=api_key, access_token=access_token, root=root or KITE_ROOT, insecure_tls=insecure_tls)
    try:
        rows: list[dict[str, Any]] = answer_of(
            lambda: kite.instruments(exchange),
            "the instrument dump",
            Redactor((api_key, access_token)),
            deadline_secs=deadline_secs,
        )
    finally:
        kite.reqsession.close()
    return rows


def answer_of(ask: Callable[[], Any], what: str, redactor: Redactor, *, deadline_secs: float = 60.0) -> Any:
    """What the client answers to one question; `what` names it in the sentences of a failure.

    Raises `KiteTokenExpired` for a dead token, `KiteRefused` for a plain no, and `FeedError` for every other fault of
    kite.md 2.4; asking again may help only then.
    """
    answers: list[Any] = []
    failures: list[Exception] = []

    def run() -> None:
        try:
            answers.append(ask())
        except Exception as exc:  # noqa: BLE001  # the client lets anything out (kite.md 2.4); mapped below
            failures.append(exc)

    # A body that trickles in has no limit of its own (kite.md 2.4).
    thread = threading.Thread(target=run, name="tg1-kite", daemon=True)
    thread.start()
    thread.join(deadline_secs)
    if thread.is_alive():
        raise FeedError(f"Kite was asked for {what}, and the answer did not arrive within {deadline_secs:.0f} s")
    if failures:
        # Not chained: the client's exceptions quote what the server said, and a server may echo the header.
        raise mapped(failures[0], redactor, what) from None
    return answers[0]


def kite_connect(*, api_key: str, access_token: str | None, root: str, insecure_tls: bool) -> Any:
    """The client, with neither the process's warnings silenced nor a stranger's login in its header."""
    from kiteconnect import KiteConnect  # noqa: PLC0415  # see above

    with warnings.catch_warnings():
        # The constructor silences urllib3's warnings for the whole process (kite.md 2.1).
        kite = KiteConnect(api_key, access_token, root=root, disable_ssl=insecure_tls)
    # Without an auth of its own, requests lets ~/.netrc replace the Authorization header.
    kite.reqsession.auth = _keep_header
    if is_loopback(urlsplit(root).hostname or ""):
        kite.reqsession.trust_env = False
    return kite


def _keep_header(request: Any) -> Any:
    return request


def mapped(exc: Exception, redactor: Redactor, what: str) -> FeedError:
    """Translate what `KiteConnect` lets out into our errors, without a secret; `what` was asked for (kite.md 2.4)."""
    import requests  # noqa: PLC0415  # see kite_connect
    from kiteconnect import exceptions as kite  # noqa: PLC0415  # see kite_connect

    if isinstance(exc, kite.TokenException):
        return KiteTokenExpired(TOKEN_EXPIRED)
    told = redactor.scrub(str(exc))[:256]
    code = getattr(exc, "code", "no code")
    is_sick = isinstance(code, int) and code >= _SERVER_FAULT
    refused = FeedError if is_sick else KiteRefused
    answers: tuple[tuple[type[Exception], FeedError], ...] = (
        (kite.NetworkException, FeedError(f"Kite did not serve {what} ({code}): {told}")),
        # Its text holds the whole page that a sick server sent.
        (kite.DataException, FeedError(f"Kite answered the request for {what} with something that can't be read")),
        (kite.PermissionException, KiteRefused(f"{told} {NO_PERMISSION}")),
        (kite.KiteException, refused(f"Kite refused {what} ({code}): {told}")),
        (requests.exceptions.SSLError, KiteRefused("Kite's TLS certificate could not be verified")),
        (requests.exceptions.Timeout, FeedError(f"Kite did not answer the request for {what} in time")),
        (
            requests.exceptions.RequestException,
            FeedError(f"Kite can't be reached for {what} ({type(exc).__name__})"),
        ),
    )
    unreadable = FeedError(f"Kite's answer to the request for {what} can't be read ({type(exc).__name__})")
    return next((answer for kind, answer in answers if isinstance(exc, kind)), unreadable)
