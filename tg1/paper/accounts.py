"""Accounts, the logins that reach them, and the one live session that each login has (xts.md 1.7, 4.3, 5)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from tg1.paper.errors import (
    ClientRefusedError,
    DeadTokenError,
    FieldFault,
    LoginRefusedError,
    PaperUsageError,
    ValidationRefusedError,
)

PRO = "*****"
"""The client code of a dealer's own account; rows show "Pro" (xts.md 1.7)."""
_TOKEN_BITS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a login gives: an opaque token, valid until `expires_at` or the next login of the same key."""

    token: str = field(repr=False)
    account: str
    """The first account that the login reaches."""
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class Account:
    """One client: its code, the login that reaches it, and the day's order numbers in order of arrival."""

    name: str
    """Its name here, which is its client code but for the "*****" of a dealer's own account."""
    client_code: str
    login_id: str
    margin: Decimal | None = None
    """Rupees that orders may use; None is no limit."""
    day_orders: list[int] = field(default_factory=list)
    working: set[int] = field(default_factory=set)
    reject_reasons: deque[str] = field(default_factory=deque)
    version: int = 0
    """Rises with every change of the account's orders, so that a rendered book can be kept."""

    @property
    def shown_code(self) -> str:
        """What rows print as ClientID."""
        return "Pro" if self.client_code == PRO else self.client_code


@dataclass(slots=True, kw_only=True)
class Login:
    """An app key with its secret: an investor's, who is his only client, or a dealer's with one or more clients."""

    user_id: str
    app_key: str = field(repr=False)
    secret: str = field(repr=False)
    accounts: tuple[Account, ...]
    is_investor: bool
    session: Session | None = field(default=None, repr=False)

    @property
    def is_pro(self) -> bool:
        """Its only client code is "*****"."""
        return not self.is_investor and [each.client_code for each in self.accounts] == [PRO]

    def account_of(self, client_code: str | None, location: str = "query") -> Account:
        """Return the account that a request with this `clientID` means; None: it has none.

        An investor and a PRO login need none, a dealer does (xts.md 1.7). Raises ClientRefusedError, or
        ValidationRefusedError where the code is missing.
        """
        if not client_code:
            if self.is_investor or self.is_pro:
                return self.accounts[0]
            missing = FieldFault(
                field="clientID", message='"clientID" is required', type="any.required", location=location
            )
            raise ValidationRefusedError([missing])
        for account in self.accounts:
            if account.client_code == client_code and not self.is_pro:
                return account
        raise ClientRefusedError("Supplied client not mapped under dealer")


class Accounts:
    """The register of accounts by name, and of logins by app key and by live token."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._by_key: dict[str, Login] = {}
        self._by_token: dict[str, Login] = {}
        self._logins: dict[str, Login] = {}
        self.by_name: dict[str, Account] = {}

    def declare(self, name: str, app_key: str, secret: str, clients: Sequence[str] = ()) -> Account:
        """Open an account with fixed credentials; a login with another secret is refused.

        With `clients` it is a dealer's login with these client codes, each an account of its own; the first is
        returned. A code that another login has gets that login's name in front. Raises PaperUsageError for a name
        or a key that is taken.
        """
        if name in self.by_name or app_key in self._by_key:
            raise PaperUsageError(f"the account {name}, or its key, is there already")
        accounts = tuple(
            Account(name=self._free_name(name, code), client_code=code, login_id=name) for code in clients or (name,)
        )
        login = Login(user_id=name, app_key=app_key, secret=secret, accounts=accounts, is_investor=not clients)
        self._by_key[app_key] = self._logins[name] = login
        for account in accounts:
            self._logins[account.name] = login
            self.by_name[account.name] = account
        return accounts[0]

    def name_of_key(self, app_key: str) -> str:
        """Return the name of the key's first account; raises LoginRefusedError for a key that never opened one."""
        try:
            return self._by_key[app_key].accounts[0].name
        except KeyError as exc:
            raise LoginRefusedError("no account was opened with that key") from exc

    def login(
        self, app_key: str, secret: str, now: datetime, lifetime_secs: float, clients: Sequence[str] = ()
    ) -> Session:
        """Open a session and end the previous one of the key; raises LoginRefusedError.

        A key that nobody declared opens an account at its first login, a dealer's with `clients`.
        """
        login = self._by_key.get(app_key)
        if login is None and app_key and secret:
            self.declare(f"PAPER{len(self._by_key) + 1}", app_key, secret, clients)
            login = self._by_key[app_key]
        if login is None or login.secret != secret:
            raise LoginRefusedError("Invalid appKey or secretKey")
        self._end_session(login)
        token = f"paper-{self._rng.getrandbits(_TOKEN_BITS):040x}"
        expires_at = now + timedelta(seconds=lifetime_secs)
        login.session = Session(token=token, account=login.accounts[0].name, expires_at=expires_at)
        self._by_token[token] = login
        return login.session

    def kill(self, name: str) -> None:
        """End the live session of this login, or of the one that reaches this account, if it has one."""
        self._end_session(self._logins[name])

    def of_token(self, token: str, now: datetime) -> Login:
        """Return the login of a live token; raises DeadTokenError with the code of xts.md 4.2."""
        if not token:
            raise DeadTokenError("Please Provide token to Authenticate", "e-token-0002")
        login = self._by_token.get(token)
        if login is None or login.session is None or login.session.expires_at <= now:
            raise DeadTokenError("Invalid Token", "e-session-0007")
        return login

    def _end_session(self, login: Login) -> None:
        if login.session is not None:
            del self._by_token[login.session.token]
            login.session = None

    def _free_name(self, login_id: str, client_code: str) -> str:
        name = login_id if client_code == PRO else client_code
        return f"{login_id}/{client_code}" if name in self.by_name else name
