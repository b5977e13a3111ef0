"""Many refusals in few words. PURE."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def by_reason(sentences: Iterable[str]) -> list[tuple[int, str]]:
    """How often each kind of refusal came, with one sentence of its kind, most frequent first.

    A kind is what a sentence says without its numbers.
    """
    counts: Counter[str] = Counter()
    example: dict[str, str] = {}
    for sentence in sentences:
        kind = re.sub(r"[0-9]+(?:\.[0-9]+)?", "", sentence)
        counts[kind] += 1
        example.setdefault(kind, sentence)
    return [(count, example[kind]) for kind, count in counts.most_common()]
