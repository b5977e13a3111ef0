"""Zerodha's REST calls with the real `KiteConnect`, with every fault as one of ours (kite.md 2).

Importing `kiteconnect` costs 0.3 s and 44 MB (kite.md 0.10), so only a call does.
"""

from __future__ import annotations

import threading
import warnings
from typing import Any
from urllib.parse import urlsplit

from tg1.errors import FeedError, KiteTokenExpired
from tg1.kite.feed_values import TOKEN_EXPIRED
from tg1.machine.hosts import is_loopback
from tg1.machine.redact import Redactor

KITE_ROOT = "https://api.kite.trade"


def fetch_from_kite(
    *, api_key: str, access_token: str, root: str | None, exchange: str, insecure_tls: bool, deadline_secs: float = 60.0
) -> list[dict[str, Any]]:
    """Download the dump with the real `KiteConnect` (7 s to connect and per read; `deadline_secs` for all of it).

    Raises `KiteTokenExpired` for a dead token and `FeedError` for every other fault of kite.md 2.4.
    """
    kite = kite_connect(api_key=api_key, access_token=access_token, root=root or KITE_ROOT, insecure_tls=insecure_tls)
    rows: list[dict[str, Any]] = []
    failures: list[Exception] = []

    def download() -> None:
        try:
            rows.extend(kite.instruments(exchange))
        except Exception as exc:  # noqa: BLE001  # the client lets anything out (kite.md 2.4); mapped below
            failures.append(exc)
        finally:
            kite.reqsession.close()

    # A body that trickles in has no limit of its own (kite.md 2.4).
    thread = threading.Thread(target=download, name="tg1-instruments", daemon=True)
    thread.start()
    thread.join(deadline_secs)
    if thread.is_alive():
        raise FeedError(f"Kite's instrument dump did not arrive within {deadline_secs:.0f} s")
    if failures:
        # Not chained: the client's exceptions quote what the server said, and a server may echo the header.
        raise mapped(failures[0], Redactor((api_key, access_token)), "the instrument dump") from None
    return rows


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
    sentences: tuple[tuple[type[Exception], str], ...] = (
        (kite.NetworkException, f"Kite did not serve {what} ({code}): {told}"),
        # Its text holds the whole page that a sick server sent.
        (kite.DataException, f"Kite answered the request for {what} with something that can't be read"),
        (kite.KiteException, f"Kite refused {what} ({code}): {told}"),
        (requests.exceptions.SSLError, "Kite's TLS certificate could not be verified"),
        (requests.exceptions.Timeout, f"Kite did not answer the request for {what} in time"),
        (
            requests.exceptions.RequestException,
            f"Kite can't be reached for {what} ({type(exc).__name__})",
        ),
    )
    unreadable = f"Kite's answer to the request for {what} can't be read ({type(exc).__name__})"
    return FeedError(next((sentence for kind, sentence in sentences if isinstance(exc, kind)), unreadable))
