"""Where alerts go: addresses as Apprise knows them, from a file or the environment. They are secrets (behaviour 16).

No address, and nothing that a library says about one, leaves this module: a target is known by its number and its
service. Apprise is imported when the first target is made.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import re
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tg1.errors import ConfigError
from tg1.machine.files import read_given
from tg1.watch.message import ROOM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tg1.machine.files import GivenFile
    from tg1.machine.redact import Redactor
    from tg1.watch.message import Message

TIMEOUT_SECS = 45.0
"""For an answer. Apprise's own limits are 4 s to connect and 4 s between two reads, 15 s for mail."""
ADDRESSES = "TG1_ALERT_URLS"
"""Variable with addresses, separated by blanks or line ends."""
ADDRESSES_FILE = "TG1_ALERT_URLS_FILE"
"""Variable with the name of a file that has one address a line."""
LARGEST_BYTES = 65536
MOST_TARGETS = 20
_AROUND = 300
"""Characters of a message beside its alerts: the title, what was left out, the machine's name."""
MISSING = "Apprise is missing, and without it nobody can be told; install it with: pip install 'tg1[watch]'"

_STATUS = re.compile(r"\berror=(\d{3})\b")
_FINAL = ("400", "413", "422")
"""What a service says of a message that it does not want; 401, 403 and 404 are about the address, and may pass."""
_UNREACHED = re.compile(r"(?i)connection|timed? ?out|unreachable|resolve|socket|i/o error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """What was found. The repr shows none of it."""

    urls: tuple[tuple[str, str], ...] = field(repr=False)
    """Pairs of where an address stands ("line 3 of FILE") and the address."""
    warnings: tuple[str, ...] = ()
    """Sentences for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a target made of a message."""

    why_not: str = ""
    """Why it was not taken; empty when it was."""
    is_final: bool = False
    """True when the service refused it for what it says, so that it will refuse the same again."""


TAKEN = Answer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place that takes messages."""

    key: str
    """What the spool knows it by: nobody can read the address from it."""
    name: str
    """For people, e.g. "target 2 (Telegram)"."""
    send: Callable[[Message], Answer] = field(repr=False)
    """Sends one message. May take as long as it likes."""
    room: int = ROOM
    """Characters of the alerts in one message."""

    def deliver(self, message: Message) -> Answer:
        """Send one message; a bug of the service's client is an answer too.

        Its words are left out, which may hold the address. May take as long as it likes.
        """
        try:
            return self.send(message)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it must not lose an alert
            return Answer(why_not=f"its client failed with {type(exc).__name__}")


def collect(
    file: Path | None, environ: Mapping[str, str], read: Callable[[Path], GivenFile] | None = None
) -> Addresses:
    """The addresses of `--alert-urls FILE`, else of `TG1_ALERT_URLS`, else of the file `TG1_ALERT_URLS_FILE` names.

    Raises `ConfigError` for a file that can't be read or holds no address.
    """
    text = environ.get(ADDRESSES, "").strip()
    if file is None and text:
        return Addresses(
            urls=tuple((f"address {number} of {ADDRESSES}", url) for number, url in enumerate(text.split(), start=1))
        )
    named = environ.get(ADDRESSES_FILE, "").strip()
    if file is None and not named:
        return Addresses(urls=())
    path, source = (file, "--alert-urls") if file is not None else (Path(named), ADDRESSES_FILE)
    return _from_file(path, source, read or (lambda given: read_given(given, LARGEST_BYTES)))


def _from_file(path: Path, source: str, read: Callable[[Path], GivenFile]) -> Addresses:
    try:
        given = read(path)
        text = given.data.decode("utf-8-sig")
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        raise ConfigError(f"{source} names {path}, which can't be read: {why}.") from exc
    except ValueError:
        # A decoding error quotes the bytes, and they are a secret.
        raise ConfigError(f"{source} names {path}, which holds no UTF-8 text.") from None
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    urls = tuple((f"line {number} of {path}", line) for number, line in lines if line and not line.startswith("#"))
    if not urls:
        raise ConfigError(f"{source} names {path}, which holds no address: write one a line, e.g. ntfys://your-topic.")
    warnings = () if given.is_private else (f"{path} ({source}) can be read by other users: chmod 600 it.",)
    return Addresses(urls=urls, warnings=warnings)


def targets_of(addresses: Addresses, redactor: Redactor) -> tuple[Target, ...]:
    """Make a target of each address. Raises `ConfigError` for one that Apprise does not know, without quoting it."""
    if not addresses.urls:
        return ()
    if len(addresses.urls) > MOST_TARGETS:
        raise ConfigError(f"{len(addresses.urls)} alert addresses are more than the {MOST_TARGETS} that are told.")
    for _, url in addresses.urls:
        _register(url, redactor)
    apprise = _apprise()
    logging.getLogger("apprise").addFilter(_EARS)
    # All in the thread that calls: a pool's thread that hangs would hold up the end of the process. And nothing on
    # disk: what a service hands out must not lie in another folder of the user's.
    asset = apprise.AppriseAsset(
        app_id="TG1", app_desc="TG1 watch", app_url="", async_mode=False, service_timeout=0, storage_mode="memory"
    )
    return tuple(
        _target(apprise, asset, number, where, url) for number, (where, url) in enumerate(addresses.urls, start=1)
    )


def _apprise() -> Any:
    """The library: an extra, and 30 MB that a watch without alerts does without."""
    try:
        with warnings.catch_warnings():
            # What its modules import is deprecated here and there, which no operator can help.
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module("apprise")
    except ModuleNotFoundError as exc:
        raise ConfigError(f"{MISSING}.") from exc


def _target(apprise: Any, asset: Any, number: int, where: str, url: str) -> Target:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise ConfigError(
            f"{where} is no address that Apprise knows; its forms are at https://appriseit.com/services/."
        )
    if plugin.overflow_mode == apprise.OverflowMode.UPSTREAM:
        # One alert may be longer than an SMS, which would be refused again and again otherwise.
        plugin.overflow_mode = apprise.OverflowMode.SPLIT
    sender = apprise.Apprise(asset=asset)
    sender.add(plugin)
    return Target(
        key=hashlib.sha256(url.encode()).hexdigest()[:16],
        name=f"target {number} ({plugin.service_name})",
        send=lambda message: _send(sender, message),
        room=max(0, min(ROOM, plugin.body_maxlen - _AROUND)),
    )


def _send(sender: Any, message: Message) -> Answer:
    _EARS.listen()
    # As text: no service may take a bot's name or a broker's words for mark-up.
    done = sender.notify(body=message.body, title=message.title, notify_type=str(message.tone), body_format="text")
    return TAKEN if done else _EARS.heard


class _Ears(logging.Filter):
    """Hears why a service did not take a message, in words that are ours, and lets nothing of Apprise's pass.

    Apprise's own words may hold the address, and no handler of anybody's may see it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._of_thread = threading.local()

    def listen(self) -> None:
        """Forget what this thread heard before."""
        self._of_thread.answer = Answer(why_not="it did not take the message")

    @property
    def heard(self) -> Answer:
        """What this thread heard since it began to listen; a refusal in any case."""
        answer: Answer = self._of_thread.answer
        return answer

    def filter(self, record: logging.LogRecord) -> bool:
        """Note what one line means; never let it pass."""
        text = record.getMessage()
        if status := _STATUS.search(text):
            self._of_thread.answer = Answer(why_not=f"it answered {status[1]}", is_final=status[1] in _FINAL)
        elif record.levelno >= logging.WARNING and _UNREACHED.search(text):
            self._of_thread.answer = Answer(why_not="it can't be reached")
        return False


_EARS = _Ears()


def _register(url: str, redactor: Redactor) -> None:
    """Mask the address and its longer parts wherever they would appear."""
    redactor.add(url)
    for part in re.split(r"[/@:?&=]+", url.partition("://")[2]):
        if len(part) >= 8:  # noqa: PLR2004 - shorter parts are hosts and words that ordinary sentences hold
            redactor.add(unquote(part))
            redactor.add(part)
