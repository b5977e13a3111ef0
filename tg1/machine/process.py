"""Which process this is, so that a number given away again does not pass for the old one."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def birth_of(pid: int) -> str:
    """When a process began, in ticks since the boot: a number given away again does not pass for the old holder.

    Empty when there is no such process or the system has no /proc.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # proc(5): the name in brackets may hold spaces; the start time is the 20th field behind it.
    behind_name = text.rpartition(")")[2].split()
    return behind_name[19] if len(behind_name) > 19 else ""  # noqa: PLR2004  the field that the comment names


def boot_id() -> str:
    """What tells this boot of the machine from every other.

    Where the system does not say, a name that no other process has: nothing is shared then, and nothing of yesterday is
    taken for today's.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return str(uuid.uuid4())


def this_process() -> tuple[int, str]:
    """Our own pid and birth."""
    pid = os.getpid()
    return pid, birth_of(pid)
