"""What happened between two looks at a bot."""

from __future__ import annotations

import pytest

from tests.support.states import a_state
from tg1.models import OVER, Attention
from tg1.told.events import EventKind
from tg1.told.happenings import happened, seen_of

AT = "2026-02-16T10:00:00+05:30"
FIRST = "account trade has not been seen"


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (FIRST, f"{FIRST}{OVER}10:01:00: it is read again)", EventKind.ATTENTION_OVER),
        (FIRST, f"{FIRST} for a minute", EventKind.ATTENTION),
        ("", f"{FIRST}{OVER}10:01:00: it is read again)", EventKind.ATTENTION_OVER),
        ("", FIRST, EventKind.ATTENTION),
    ],
)
def test_an_attention_is_over_when_it_says_so(before: str, after: str, kind: EventKind) -> None:
    """A sentence that was said anew and goes further is no end; an end between two looks is one."""
    first, second = (
        seen_of(a_state(attention=[Attention(key="blind trade", text=text, at=AT)] if text else []))
        for text in (before, after)
    )
    assert [told["kind"] for told in happened(first, second, lambda *_: "trade")] == [kind]
