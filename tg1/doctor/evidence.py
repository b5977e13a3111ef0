"""The raw answers of a broker's wire, fit to be shown to others: no secret, no account number, no name. PURE.

What stands under a key that may hold one is replaced by its shape ("AB1234" becomes "Ax2 9x4"), and so is the same text
wherever else it stands. What no one knows of a wire is in its forms and words, and those stay.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PRIVATE_KEY = re.compile(
    r"client|account|acc_?id|actid|user|login|member|dealer|e-?mail|mobile|phone|address|\bpan\b|pan_?(no|num)|"
    r"birth|dob|bank|ifsc|demat|\bdp|bo_?id|token|secret|key|session|password|name$|ip_?addr",
    re.IGNORECASE,
)
_KNOWN_KEYS = frozenset(
    {"exchangeinstrumentid", "tradingsymbol", "clientcodes", "accountidtype", "isinvestorclient", "usertype"}
)
"""Look private and are not, or are lists whose members are looked at themselves."""
_SHORTEST = 4
"""Shorter texts are no account numbers, and replacing them everywhere would garble every word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One request and its raw answer."""

    account: str
    method: str
    path: str
    params: tuple[str, ...]
    """Names of the query's parameters."""
    status: int | None
    """None: no whole answer came."""
    text: str = field(repr=False)
    """The body, or what failed."""
    secs: float


def evidence_of(exchanged: Iterable[Exchanged], secrets: Iterable[str]) -> list[dict[str, Any]]:
    """The answers as JSON values, cleaned; `secrets` are replaced wherever they stand."""
    seen = [*exchanged]
    private = {text for text in secrets if len(text) >= _SHORTEST}
    for each in seen:
        private |= {text for text in _private_texts(_parsed(each.text), hidden=False) if len(text) >= _SHORTEST}
    pattern = re.compile("|".join(map(re.escape, sorted(private, key=len, reverse=True)))) if private else None
    return [_cleaned(each, pattern) for each in seen]


def _cleaned(each: Exchanged, pattern: re.Pattern[str] | None) -> dict[str, Any]:
    body = _shown(_parsed(each.text), pattern, hidden=False)
    return {
        "account": each.account,
        "request": f"{each.method} {each.path}",
        "params": list(each.params),
        "status": each.status,
        "milliseconds": round(each.secs * 1000),
        "answer": body,
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str)
    except ValueError:
        return text


def _is_private(key: str) -> bool:
    return key.lower() not in _KNOWN_KEYS and _PRIVATE_KEY.search(key) is not None


def _is_hidden_list(key: str) -> bool:
    return key.lower() == "clientcodes"


def _private_texts(value: Any, *, hidden: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _private_texts(inner, hidden=hidden or _is_private(key) or _is_hidden_list(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _private_texts(inner, hidden=hidden)
    elif hidden and isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def _shown(value: Any, pattern: re.Pattern[str] | None, *, hidden: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _shown(inner, pattern, hidden=hidden or _is_private(key) or _is_hidden_list(key))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_shown(inner, pattern, hidden=hidden) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    return shape_of(str(value)) if hidden else _without(value, pattern)


def _without(value: Any, pattern: re.Pattern[str] | None) -> Any:
    """The text or number, unless it is or holds something private."""
    if pattern is None:
        return value
    if isinstance(value, str):
        return pattern.sub(lambda found: shape_of(found[0]), value)
    return shape_of(str(value)) if pattern.fullmatch(str(value)) else value


def shape_of(text: str) -> str:
    """What a text looks like without what it says: "AB1234" is "Ax2 9x4"; an empty one is empty."""

    def kind(char: str) -> str:
        if char.isdigit():
            return "9"
        return "A" if char.isupper() else "a" if char.isalpha() else "."

    runs = ((each, len([*group])) for each, group in groupby(text, kind))
    return " ".join(f"{each}x{count}" for each, count in runs)
