"""What a request of a simulated bot asks for, and whether it was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tg1.xts.http import HttpRequest


def is_book(request: HttpRequest) -> bool:
    """True for the whole book, false for one order's history."""
    return request.method == "GET" and request.path.lower().endswith("/orders") and not request.params.get("appOrderID")


def is_success(body: bytes) -> bool:
    """True for an answer that says so."""
    return b'"type":"success"' in body[:40]
