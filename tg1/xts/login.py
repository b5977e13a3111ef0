"""The login of an app key: what is sent, what it gave, and what a refused one means. PURE (xts.md 2.1, 4.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable, ClientNotNamed, RateLimited, SessionRefused
from tg1.xts.answer import Kind
from tg1.xts.http import HttpRequest
from tg1.xts.rows import plain_text

if TYPE_CHECKING:
    from tg1.xts.answer import Answer

_PATH = "/interactive/user/session"
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


PRO = "*****"
"""The code of a broker's own account; servers refuse it as a `clientID` (behaviour 11.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What every call carries: the token, and a dealer's client."""

    token: str = field(repr=False)
    client_id: str | None = None
    """None where calls name no client (xts.md 1.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XtsCredentials:
    """The app key pair of one account; never shown."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    client: str = ""
    """Whom a dealer's login trades for, when it has several clients; empty: its only one (behaviour 11.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XtsLogin:
    """What a login gave (xts.md 2.1). The token is a secret: its claims hold the app key."""

    token: str = field(repr=False)
    user_id: str = ""
    is_investor: bool = True
    client_codes: tuple[str, ...] = ()

    def caller(self, named: str, flag: str) -> Caller:
        """Return who calls for the client that `flag` names; empty: for the login's only one (behaviour 11.5).

        Investors' calls name no client, and neither do those of a pro login (xts.md 1.7). Raises `ClientNotNamed`.
        """
        codes = {code.upper(): code for code in self.client_codes}
        if named and codes and named.upper() not in codes:
            raise ClientNotNamed(f"{flag} {named}: this login has no such client, but {', '.join(codes.values())}")
        if self.is_investor:
            return Caller(token=self.token)
        if named:
            return Caller(token=self.token, client_id=codes.get(named.upper(), named))
        if len(codes) > 1:
            clients = ", ".join(codes.values())
            raise ClientNotNamed(
                f"the login is a dealer's with the clients {clients}: say with {flag} which one trades"
            )
        only = next(iter(codes.values()), self.user_id)
        return Caller(token=self.token, client_id=only if only not in ("", PRO) else None)


def is_token(value: object) -> bool:
    """Return True when `value` can stand in a header as it is; a library would quote any other in its error text."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def login_request(credentials: XtsCredentials) -> HttpRequest:
    """`POST /user/session` (xts.md 1.4, 9.2)."""
    fields = {"appKey": credentials.key, "secretKey": credentials.secret, "source": "WEBAPI"}
    return HttpRequest(method="POST", path=_PATH, headers={"Content-Type": "application/json"}, json_body=fields)


def login_of(answer: Answer) -> XtsLogin:
    """Return the session that a login gave.

    Raises `SessionRefused` (wrong credentials), `RateLimited`, or `BrokerUnavailable`: a login may be tried again.
    """
    if answer.kind is Kind.SUCCESS:
        found = answer.result if isinstance(answer.result, dict) else {}
        if not is_token(found.get("token")):
            raise BrokerUnavailable("the login was accepted, but the answer holds no usable token")
        codes = found.get("clientCodes")
        return XtsLogin(
            token=found["token"],
            user_id=plain_text(found.get("userID")),
            is_investor=str(found.get("isInvestorClient", True)).strip().lower() != "false",
            client_codes=tuple(filter(None, map(plain_text, codes))) if isinstance(codes, list) else (),
        )
    if answer.is_rate_limit:
        raise RateLimited(f"the login was refused by the rate limit: {answer.said}", code=answer.code)
    if answer.is_refusal:
        raise SessionRefused(f"the login was refused: {answer.said}", code=answer.code)
    raise BrokerUnavailable(f"the login got no clear answer: {answer.said}")
