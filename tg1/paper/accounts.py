"""Accounts and their one live session each (xts.md 4.3, 5)."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from tg1.paper.errors import DeadTokenError, LoginRefusedError

_TOKEN_BITS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a login gives: an opaque token, valid until `expires_at` or the next login of the same key."""

    token: str = field(repr=False)
    account: str
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class Account:
    """One client: credentials, the live session, and the day's order numbers in order of arrival."""

    name: str
    app_key: str = field(repr=False)
    secret: str = field(repr=False)
    session: Session | None = field(default=None, repr=False)
    margin: Decimal | None = None
    """Rupees that orders may use; None is no limit."""
    day_orders: list[int] = field(default_factory=list)
    working: set[int] = field(default_factory=set)
    reject_reasons: deque[str] = field(default_factory=deque)
    version: int = 0
    """Rises with every change of the account's orders, so that a rendered book can be kept."""


class Accounts:
    """The register of accounts by name, by app key and by live token."""

    def __init__(self, rng: Random, *, open_to_all: bool = True) -> None:
        self._rng = rng
        self._open_to_all = open_to_all
        self._by_key: dict[str, Account] = {}
        self._by_token: dict[str, Account] = {}
        self.by_name: dict[str, Account] = {}

    def declare(self, name: str, app_key: str, secret: str) -> Account:
        """Open an account with fixed credentials; a login with another secret is refused."""
        account = Account(name=name, app_key=app_key, secret=secret)
        self._by_key[app_key] = account
        self.by_name[name] = account
        return account

    def name_of_key(self, app_key: str) -> str:
        """Return the account's name; raises LoginRefusedError for a key that never opened one."""
        try:
            return self._by_key[app_key].name
        except KeyError as exc:
            raise LoginRefusedError("no account was opened with that key") from exc

    def login(self, app_key: str, secret: str, now: datetime, lifetime_secs: float) -> Session:
        """Open a session and end the previous one of the key; raises LoginRefusedError."""
        account = self._by_key.get(app_key)
        if account is None and self._open_to_all and app_key and secret:
            account = self.declare(f"PAPER{len(self.by_name) + 1}", app_key, secret)
        if account is None or account.secret != secret:
            raise LoginRefusedError("Invalid appKey or secretKey")
        self.kill(account.name)
        token = f"paper-{self._rng.getrandbits(_TOKEN_BITS):040x}"
        session = Session(token=token, account=account.name, expires_at=now + timedelta(seconds=lifetime_secs))
        account.session = session
        self._by_token[token] = account
        return session

    def kill(self, name: str) -> None:
        """End the live session of an account, if it has one."""
        account = self.by_name[name]
        if account.session is not None:
            del self._by_token[account.session.token]
            account.session = None

    def of_token(self, token: str, now: datetime) -> Account:
        """Return the account of a live token; raises DeadTokenError with the code of xts.md 4.2."""
        if not token:
            raise DeadTokenError("Please Provide token to Authenticate", "e-token-0002")
        account = self._by_token.get(token)
        if account is None or account.session is None or account.session.expires_at <= now:
            raise DeadTokenError("Invalid Token", "e-session-0007")
        return account
