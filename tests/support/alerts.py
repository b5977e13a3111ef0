"""Alerts for the tests of the watch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tg1.machine.clock import IST
from tg1.watch.alerts import Alert, Kind, Noise
from tg1.watch.targets import Answer

if TYPE_CHECKING:
    from tg1.watch.message import Message

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=IST)


def alert(
    occurrence: object = 1,
    *,
    bot: str = "IRFC Grid",
    kind: Kind = Kind.HUNG,
    noise: Noise = Noise.URGENT,
    text: str = "no cycle for 12 s",
    after_secs: float = 0.0,
    cleared: bool = False,
) -> Alert:
    """One alert, at noon or so many seconds later."""
    return Alert(
        bot=bot,
        kind=kind,
        occurrence=str(occurrence),
        text=text,
        at=NOON + timedelta(seconds=after_secs),
        noise=noise,
        cleared=cleared,
    )


class Inbox:
    """A target by hand: keeps what it takes; `refuses` is why it takes nothing, `hates` what no message may say."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuses = ""
        self.hates = ""

    def __call__(self, message: Message) -> Answer:
        if self.hates and self.hates in message.body:
            return Answer(why_not="it answered 400", is_final=True)
        if not self.refuses:
            self.messages.append(message)
        return Answer(why_not=self.refuses)

    @property
    def lines(self) -> list[str]:
        """What was said, without the last line of each message, which names the machine."""
        return [line for message in self.messages for line in message.body.splitlines()[:-1]]
