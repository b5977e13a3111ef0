"""A state as it was at one moment, for a price of next to nothing. PURE.

A save asks first whether anything has changed, and most often nothing has. So what is compared is not the file's text
but the values that it is made of, and the text is made when a disk asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from tg1.models import BotState
from tg1.store.codec import HISTORY_KEPT

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.store.codec import StateEncoder

_LISTS = ("attention", "settled", "executed", "last_prices", "paused_sides", "closing")
_VALUES = tuple(field.name for field in fields(BotState) if field.name not in (*_LISTS, "levels", "order_history"))
_values_of = attrgetter(*_VALUES)


@dataclass(frozen=True, slots=True)
class StateImage:
    """What a state held: two that are equal need no second save, since of their files only the time would differ."""

    values: tuple[object, ...]
    lists: tuple[tuple[object, ...], ...]
    levels: dict[str, Any]
    history: tuple[object, ...]

    def state(self) -> BotState:
        """A state of its own that holds the same."""
        lists: dict[str, Any] = {name: list(items) for name, items in zip(_LISTS, self.lists, strict=True)}
        values: dict[str, Any] = dict(zip(_VALUES, self.values, strict=True))
        return BotState(**values, **lists, levels=dict(self.levels), order_history=list(self.history))  # type: ignore[arg-type]  # records


def image_of(state: BotState, before: StateImage | None = None) -> StateImage:
    """The image of a state, as far as it is saved; `before` is an earlier one of it."""
    return StateImage(
        values=_values_of(state),
        lists=(
            tuple(state.attention),
            tuple(state.settled),
            tuple(state.executed),
            tuple(state.last_prices),
            tuple(state.paused_sides),
            tuple(state.closing),
        ),
        levels=state.levels.copy(),
        history=_history(state, () if before is None else before.history),
    )


def _history(state: BotState, known: tuple[object, ...]) -> tuple[object, ...]:
    """Records are only ever added behind the last: with the same last, and as many, they are the same."""
    history = state.order_history
    if known and history and known[-1] is history[-1] and len(known) == min(len(history), HISTORY_KEPT):
        return known
    return tuple(history[-HISTORY_KEPT:])


@dataclass(frozen=True, slots=True)
class StateFile:
    """The file of a state, saved at `at`: `bytes` of it are made when they are asked for."""

    image: StateImage
    at: datetime
    encoder: StateEncoder

    def __bytes__(self) -> bytes:
        """What the disk gets; `InvariantBroken` when it could not be read back."""
        return self.encoder.text(self.image.state()).sealed(self.at)
