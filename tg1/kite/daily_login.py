"""The daily login as far as a program may do it: the address, the exchange, the check of a token (kite.md 2.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tg1.errors import ConfigError, FeedError, KiteTokenExpired
from tg1.kite.rest import KITE_ROOT, kite_connect, mapped
from tg1.machine.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

LOGIN_PAGE = "https://kite.zerodha.com/connect/login"
FLUSH = time(6, 0)
"""IST, when a token dies (kite.md 2.5)."""
UNSURE_UNTIL = time(8, 0)
"""IST; a token made between the flush and this may die once more (kite.md 2.5)."""
_TOKEN = re.compile(r"[A-Za-z0-9]{6,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KiteApp:
    """One app of Zerodha's developer console."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    root: str = KITE_ROOT
    insecure_tls: bool = False

    @property
    def address(self) -> str:
        """Where a person logs in, in a browser."""
        page = LOGIN_PAGE if self.root == KITE_ROOT else f"{self.root}/connect/login"
        return f"{page}?v=3&api_key={self.api_key}"

    def exchange(self, request_token: str) -> tuple[str, str]:
        """The access token for a request token, and whose it is (a Zerodha user id).

        Raises `KiteTokenExpired` for a request token that is used, old or another app's; `FeedError` otherwise.
        """
        answer = self._asked("", lambda kite: kite.generate_session(request_token, self.api_secret), "the session")
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise FeedError("Kite's answer to the login holds no access token")
        return token, str(answer.get("user_id", ""))

    def user(self, access_token: str) -> str:
        """The Zerodha user id that a token trades for. Raises `KiteTokenExpired` or `FeedError`."""
        answer = self._asked(access_token, lambda kite: kite.profile(), "the profile")
        return str(answer.get("user_id", "")) if isinstance(answer, dict) else ""

    def _asked(self, access_token: str, ask: Callable[[Any], Any], what: str) -> Any:
        kite = kite_connect(
            api_key=self.api_key, access_token=access_token or None, root=self.root, insecure_tls=self.insecure_tls
        )
        try:
            return ask(kite)
        except Exception as exc:  # noqa: BLE001  # the client lets anything out (kite.md 2.4)
            redactor = Redactor((self.api_key, self.api_secret, access_token))
            error = mapped(exc, redactor, what)
            if isinstance(error, KiteTokenExpired) and not access_token:
                error = KiteTokenExpired(
                    "Kite refused the request token: it lives for minutes, works once, and only for this api_key; "
                    "log in again"
                )
            # Not chained: the client's exceptions quote what the server said.
            raise error from None
        finally:
            kite.reqsession.close()


def request_token_of(pasted: str) -> str:
    """The request token in the address that the login led to, or alone. Raises `ConfigError`, which quotes nothing."""
    text = pasted.strip().strip("\"'")
    if "=" not in text:
        if not _TOKEN.fullmatch(text):
            raise ConfigError("that is neither an address with request_token=… nor a request token.")
        return text
    asked = parse_qs(urlsplit(text).query or text.partition("?")[2] or text)
    status = asked.get("status", ["success"])[0]
    token = asked.get("request_token", [""])[0]
    if status != "success":
        raise ConfigError("Zerodha says that this login was not completed; log in again.")
    if not _TOKEN.fullmatch(token):
        raise ConfigError("that address holds no request_token: take the one that the login leads to at its very end.")
    return token


def lives_until(now: datetime) -> datetime:
    """When a token that lives now dies (IST, kite.md 2.5)."""
    flush = datetime.combine(now.date(), FLUSH, now.tzinfo)
    return flush if now < flush else flush + timedelta(days=1)


def is_unsure(made_at: datetime) -> bool:
    """True for a token that was made in the hours in which the flush may still be going on (IST)."""
    return FLUSH <= made_at.time() < UNSURE_UNTIL
