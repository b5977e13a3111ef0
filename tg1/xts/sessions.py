"""The one live session of an app key, shared by every bot on this machine that uses the key (behaviour 11.1).

A login kills the key's older session (xts.md 4.3), so two bots that each answer a dead token with a login kill each
other for ever (reference.md 25). Here the token stands in a file; whoever finds its token dead takes the lock,
re-reads, and logs in only if the file still holds that very token, and not before the back-off that all share is over.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tg1.errors import BrokerError, BrokerUnavailable, SessionRefused
from tg1.xts.login import XtsLogin, is_token
from tg1.xts.rows import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tg1.machine.clock import Clock
    from tg1.ports import FileSystem, SharedFile, SharedFolder
    from tg1.xts.login import XtsCredentials

log = logging.getLogger(__name__)

FIRST_DELAY_SECS = 2
LONGEST_DELAY_SECS = 60
CALM_SECS = 120
"""A login that comes this long after the one before starts the back-off anew; twice the longest delay."""

LOCK_PATIENCE_SECS = 30.0
"""How long the session's lock is waited for: two logins' worth (behaviour 11.1)."""
LOCK_POLL_SECS = 0.05

BACKING_OFF = "login-backoff"
"""The `code` of the `SessionRefused` that waiting helps against; no server's codes look like this."""

_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """One session file: the last login, or the fact that it failed, and how long to leave the server alone."""

    login: XtsLogin | None
    attempted_at: datetime
    delay_secs: int
    why: str = ""
    """Why the login failed, in a sentence; the next start's first line may be about it."""


class SessionStore:
    """The session files of `folder`, one per app key and root, mode 0600, named by a hash."""

    def __init__(self, *, fs: FileSystem, folder: Path, shared: SharedFolder) -> None:
        """`shared` holds the locks: the same folder, or one in memory for a world without processes."""
        self._fs = fs
        self._folder = folder
        self.shared = shared
        self._locks: dict[Path, SharedFile] = {}
        self._remembered: dict[Path, _Record] = {}

    def path_of(self, credentials: XtsCredentials, root: str) -> Path:
        """Return the session's file; its name tells nothing of the key."""
        digest = hashlib.sha256(f"{root}\n{credentials.key}".encode()).hexdigest()
        return self._folder / f"{digest[:32]}.json"

    def saved(self, path: Path) -> XtsLogin | None:
        """Return the shared session; None when there is none or its file can't be read."""
        record = self._read(path)
        return record.login if record else None

    def login_wait_secs(self, path: Path, now: datetime) -> float:
        """Return the seconds for which no login may be tried; 0 when one may."""
        record = self._read(path)
        return _wait_secs(record, now) if record else 0.0

    def renew(
        self,
        path: Path,
        *,
        dead_token: str | None,
        log_in: Callable[[], XtsLogin],
        clock: Clock,
        patience_secs: float = LOCK_PATIENCE_SECS,
    ) -> XtsLogin:
        """Return a session that is not `dead_token`: another bot's newer one, or else that of a new login.

        `dead_token` is None when the caller has none. Raises `SessionRefused` while logins are backing off,
        `BrokerUnavailable` when others log in for longer than `patience_secs`, and what `log_in` raises; each try,
        failed or not, is counted for the back-off of all bots.
        """
        with self._locked(path, clock, patience_secs):
            record = self._read(path)
            if record and record.login and record.login.token != dead_token:
                return record.login
            _check_back_off(record, clock.now())
            delay_secs = _next_delay_secs(record, clock.now())
            try:
                login = log_in()
            except BrokerError as exc:
                failed = _Record(login=None, attempted_at=clock.now(), delay_secs=delay_secs, why=str(exc))
                self._write(path, failed)
                raise
            self._write(path, _Record(login=login, attempted_at=clock.now(), delay_secs=delay_secs))
            return login

    @contextmanager
    def _locked(self, path: Path, clock: Clock, patience_secs: float) -> Iterator[None]:
        lock = self._locks.setdefault(path, self.shared.file(f"{path.stem}.lock"))
        taken = False
        try:
            self._fs.make_dir(self._folder)
            taken = _lock_within(lock, clock, patience_secs)
        except OSError as exc:
            # A full disk must not keep the emergency stop from logging in (failures.md II.18).
            log.warning("logging in without the lock of %s: %s", self._folder, exc.strerror or exc)
        try:
            yield
        finally:
            if taken:
                lock.unlock()

    def _read(self, path: Path) -> _Record | None:
        """Return the newer of file and memory; they differ only after a save that failed."""
        remembered = self._remembered.get(path)
        try:
            record = _decode(self._fs.read(path))
        except FileNotFoundError:
            return remembered
        except OSError as exc:
            log.warning("the session file %s can't be read: %s", path, exc.strerror or exc)
            return remembered
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            log.warning("the session file %s is corrupt and counts as none", path)
            return remembered
        return max((known for known in (remembered, record) if known), key=lambda known: known.attempted_at)

    def _write(self, path: Path, record: _Record) -> None:
        self._remembered[path] = record
        temporary = path.with_suffix(".tmp")
        try:
            self._fs.write_synced(temporary, _encode(record))
            self._fs.replace(temporary, path)
            self._fs.sync_dir(self._folder)
        except OSError as exc:
            # This bot trades on with the token in memory; the others will have to log in.
            log.warning("the session could not be saved in %s: %s", self._folder, exc.strerror or exc)


def _lock_within(lock: SharedFile, clock: Clock, patience_secs: float) -> bool:
    """Take the lock; raises `BrokerUnavailable` when another process has it for so long."""
    give_up_at = clock.monotonic() + patience_secs
    while not lock.try_lock():
        if clock.monotonic() >= give_up_at:
            raise BrokerUnavailable(
                f"another process has been logging in for {patience_secs:.0f} s and holds the session's lock"
            )
        clock.sleep_until(clock.monotonic() + LOCK_POLL_SECS)
    return True


def _check_back_off(record: _Record | None, now: datetime) -> None:
    wait_secs = _wait_secs(record, now) if record else 0.0
    if record and wait_secs > 0:
        what = "the session is dead" if record.login else "the last login failed"
        why = f": {record.why}" if record.why else ""
        raise SessionRefused(
            f"{what} and the next login may be tried in {math.ceil(wait_secs)} s{why}",
            code=BACKING_OFF,
            wait_secs=wait_secs,
        )


def _wait_secs(record: _Record, now: datetime) -> float:
    elapsed_secs = (now - record.attempted_at).total_seconds()
    # Before the attempt: the wall clock was set back, and nobody knows by how much.
    return max(0.0, record.delay_secs - elapsed_secs) if elapsed_secs >= 0 else 0.0


def _next_delay_secs(record: _Record | None, now: datetime) -> int:
    """Return 2, 4, 8 … 60 s while logins follow each other, whether they failed or gave a token that died at once."""
    if record is None or not timedelta(0) <= now - record.attempted_at < timedelta(seconds=CALM_SECS):
        return FIRST_DELAY_SECS
    return min(LONGEST_DELAY_SECS, record.delay_secs * 2)


def _encode(record: _Record) -> bytes:
    login = record.login
    fields: dict[str, Any] = {
        "schema": _SCHEMA,
        "attempted_at": record.attempted_at.isoformat(),
        "delay_secs": record.delay_secs,
        "token": login.token if login else None,
        "why": record.why,
    }
    if login:
        fields |= {"user_id": login.user_id, "is_investor": login.is_investor, "client_codes": login.client_codes}
    return json.dumps(fields, indent=1).encode()


def _decode(data: bytes) -> _Record:
    """Raise `ValueError`, `TypeError` or `KeyError` when anything is not as `_encode` writes it."""
    fields = json.loads(data)
    attempted_at, delay_secs = datetime.fromisoformat(fields["attempted_at"]), fields["delay_secs"]
    in_range = type(delay_secs) is int and 0 < delay_secs <= LONGEST_DELAY_SECS
    if fields["schema"] != _SCHEMA or attempted_at.tzinfo is None or not in_range:
        raise ValueError("not a session file of this version")
    login = None if fields["token"] is None else _decode_login(fields)
    why = plain_text(fields.get("why"))  # which the files of the first edition have not
    return _Record(login=login, attempted_at=attempted_at, delay_secs=delay_secs, why=why)


def _decode_login(fields: dict[str, Any]) -> XtsLogin:
    codes, user_id, is_investor = fields["client_codes"], fields["user_id"], fields["is_investor"]
    texts = isinstance(codes, list) and all(isinstance(text, str) for text in [user_id, *codes])
    if not is_token(fields["token"]) or not texts or not isinstance(is_investor, bool):
        raise ValueError("not a session")
    return XtsLogin(token=fields["token"], user_id=user_id, is_investor=is_investor, client_codes=tuple(codes))
