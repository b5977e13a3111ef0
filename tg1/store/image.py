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

# By kind, not by name: a field that is added later is copied, or changes in place would never reach the disk.
_LISTS = tuple(each.name for each in fields(BotState) if each.default_factory is list and each.name != "order_history")
_VALUES = tuple(each.name for each in fields(BotState) if each.name not in (*_LISTS, "levels", "order_history"))
_lists_of = attrgetter(*_LISTS)
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


def image_of(state: BotState) -> StateImage:
    """The image of a state, as far as it is saved."""
    return StateImage(
        values=_values_of(state),
        lists=tuple(map(tuple, _lists_of(state))),
        levels=state.levels.copy(),
        history=tuple(state.order_history[-HISTORY_KEPT:]),
    )


@dataclass(frozen=True, slots=True)
class StateFile:
    """The file of a state, saved at `at`: `bytes` of it are made when they are asked for."""

    image: StateImage
    at: datetime
    encoder: StateEncoder

    def __bytes__(self) -> bytes:
        """What the disk gets; `InvariantBroken` when it could not be read back."""
        return self.encoder.text(self.image.state()).sealed(self.at)
