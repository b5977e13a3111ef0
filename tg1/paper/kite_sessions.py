"""Kite's daily login: request tokens, access tokens, and until when they live (kite.md 2.5).

As long as nobody logged in with an api key, any access token of it is taken: a bot on paper needs none of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from hashlib import sha256
from random import Random

from tg1.paper.errors import KiteRefusedError

DEFAULT_SECRET = "paper"  # noqa: S105 - made up, for an exchange without secrets
_EXPIRY = time(6, 0)
_REQUEST_TOKEN_LIFE = timedelta(minutes=5)
_TOKEN_BITS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    text: str = field(repr=False)
    expires_at: datetime


class KiteSessions:
    """The api keys' secrets, request tokens that wait to be exchanged, and each key's access token of the day."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._secrets: dict[str, str] = {}
        self._waiting: dict[str, tuple[str, _Token]] = {}
        self._access: dict[str, _Token | None] = {}

    def allow_login(self, api_key: str, api_secret: str = "", *, now: datetime) -> str:
        """Return a request token, as the browser's login does at its end; it lives for five minutes, once.

        The key's secret is what was last given, or "paper".
        """
        if api_secret:
            self._secrets[api_key] = api_secret
        token = self._make()
        self._waiting[token] = (api_key, _Token(text=token, expires_at=now + _REQUEST_TOKEN_LIFE))
        return token

    def exchange(self, api_key: str, request_token: str, checksum: str, now: datetime) -> str:
        """Return the day's access token for a request token; the key's earlier one dies. Raises KiteRefusedError."""
        owner, waiting = self._waiting.get(request_token, ("", None))
        if waiting is None or owner != api_key or waiting.expires_at <= now:
            raise KiteRefusedError("Token is invalid or has expired.")
        secret = self._secrets.get(api_key, DEFAULT_SECRET)
        if sha256((api_key + request_token + secret).encode()).hexdigest() != checksum:
            raise KiteRefusedError("Invalid `checksum`.")
        del self._waiting[request_token]
        token = self._make()
        self.declare(api_key, token, now)
        return token

    def declare(self, api_key: str, access_token: str, now: datetime) -> None:
        """Let this be the key's token until 6:00 of the next day, and no other."""
        expires_at = datetime.combine(now.date() + timedelta(days=1), _EXPIRY, now.tzinfo)
        self._access[api_key] = _Token(text=access_token, expires_at=expires_at)

    def end(self, api_key: str, access_token: str, now: datetime) -> None:
        """Log out. Raises KiteRefusedError for a token that is not the day's."""
        self.check(api_key, access_token, now)
        self._access[api_key] = None

    def check(self, api_key: str, access_token: str, now: datetime) -> None:
        """Raise KiteRefusedError unless the token is the key's of today."""
        wrong = not api_key or not access_token
        if api_key in self._access:
            token = self._access[api_key]
            wrong = wrong or token is None or token.text != access_token or token.expires_at <= now
        if wrong:
            raise KiteRefusedError("Incorrect `api_key` or `access_token`.")

    def _make(self) -> str:
        return f"{self._rng.getrandbits(_TOKEN_BITS):040x}"
