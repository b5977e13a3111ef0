"""Who may see the page, and what a browser is told to do with it. PURE.

The page changes nothing, so all there is to guard is what it shows. On loopback a strange `Host` is refused: a name of
somebody else's that he points at this machine (DNS rebinding) must not make his page read ours.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.machine.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

COOKIE = "tg1_watch"
METHODS = ("GET", "HEAD")
PUBLIC = ("/healthz", "/session")
"""Shown to everybody, or checked by itself; and everything below `/static/`, which ships with TG1."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
    "Server": "tg1",
}
"""Of every answer: nothing from elsewhere, no script or style in the page itself, no frame around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The rules of one page."""

    token: str = field(default="", repr=False)
    """Empty: everybody on this machine may look."""
    hosts: frozenset[str] = frozenset()
    """Further names by which the page may be asked for, in small letters."""
    checks_host: bool = True
    """Off where the page listens beyond loopback: the token guards it then."""

    def refusal(self, path: str, headers: Mapping[str, str], cookie: str) -> tuple[int, str] | None:
        """The status and the sentence with which a request is refused; None when it may pass."""
        host = host_of(headers.get("Host", ""))
        if self.checks_host and not is_loopback(host) and host not in self.hosts:
            return 421, f"This page is not called {host[:80]!r}. Ask for localhost, or name the host with --allow-host."
        if headers.get("Sec-Fetch-Site") == "cross-site" and headers.get("Sec-Fetch-Mode") != "navigate":
            return 403, "Another site's page may not read this one."
        if self.token and path not in PUBLIC and not path.startswith("/static/"):
            bearer = headers.get("Authorization", "")
            if not (self.is_bearer(bearer) or self.is_cookie(cookie)):
                return 401, "This page needs its token."
        return None

    def is_bearer(self, header: str) -> bool:
        """True for an `Authorization` header with the token; takes equally long for every wrong one."""
        kind, _, given = header.partition(" ")
        return kind.lower() == "bearer" and bool(self.token) and _equal(given.strip(), self.token)

    def is_cookie(self, value: str) -> bool:
        """True for the cookie that `cookie` made."""
        return bool(self.token) and _equal(value, self.cookie())

    def cookie(self) -> str:
        """What a browser keeps in the token's place: the token can't be told from it."""
        return hmac.new(self.token.encode(), b"tg1 watch cookie", hashlib.sha256).hexdigest()


def _equal(given: str, wanted: str) -> bool:
    """Compared by their hashes, so that not even the length shows in the time."""
    one, other = (hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in (given, wanted))
    return hmac.compare_digest(one, other)


def host_of(header: str) -> str:
    """The name in a `Host` header, without its port and without brackets, in small letters."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if ":" in text else text
