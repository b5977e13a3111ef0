"""What the paper exchange refuses, as exceptions that its wires turn into answers.

PaperError
 ├─ LoginRefusedError      the key is known with another secret, or unknown on a closed exchange
 ├─ DeadTokenError         no token, an old one, or one that has expired (xts.md 4.2, 4.3)
 ├─ ClientRefusedError     the client code is none of the login's (xts.md 1.7)
 ├─ ValidationRefusedError a request that the gateway's validator refuses (xts.md 4.6)
 ├─ KiteRefusedError       a token that is not the day's, or a login that Kite refuses (kite.md 2.4, 2.5)
 ├─ KiteInputError         a parameter that Kite refuses
 ├─ UnknownOrderError      the account has no such order (xts.md 4.7)
 ├─ NotWorkingError        the order is final: it can be neither cancelled nor modified (xts.md 4.7)
 └─ PaperUsageError        a wrong argument to the exchange, the control API or the command line
"""

from collections.abc import Sequence
from dataclasses import dataclass


class PaperError(Exception):
    """Any refusal of the paper exchange."""


class LoginRefusedError(PaperError):
    """The credentials do not open an account."""


class DeadTokenError(PaperError):
    """The token opens no session; `code` is the XTS code of the answer."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class ClientRefusedError(PaperError):
    """The login reaches no client of this code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """One complaint of the validator in Joi's words."""

    field: str
    message: str
    type: str
    location: str = "body"


class ValidationRefusedError(PaperError):
    """The request is malformed; nothing was created."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = tuple(faults)


class KiteRefusedError(PaperError):
    """Kite's TokenException."""


class KiteInputError(PaperError):
    """Kite's InputException."""

    status = 400
    kind = "InputException"


class KiteForbiddenError(PaperError):
    """Kite's PermissionException."""

    status = 403
    kind = "PermissionException"


class UnknownOrderError(PaperError):
    """The account has no order of this number today."""


class NotWorkingError(PaperError):
    """The order has reached a final status."""


class PaperUsageError(PaperError):
    """An argument makes no sense; the text is one sentence for the person who gave it."""
