"""Where the work is done: joblib's processes on this machine, or a Dask cluster by joblib's own backend for it.

Either way the prices travel once. joblib maps them into its processes; Dask is told to scatter them to its workers.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError

from tg1.errors import ConfigError, ExitCode, Tg1Error
from tg1.sweep.keys import without_secrets
from tg1.sweep.work import carried_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from tg1.sweep.packed import PackedDays
    from tg1.sweep.work import Done, Work

SMALLEST_SHARED_BYTES = 4096
CLUSTER_PATIENCE_SECS = 10
LOOK_FOR_PARENT_SECS = 1.0


class WorkerDied(Tg1Error):
    """A process ended in the middle of its work; what was computed before is kept."""


class ClusterUnreachable(Tg1Error):
    """Nobody answers at the Dask cluster's address, or nobody works there."""

    exit_code = ExitCode.UNREACHABLE


class ClusterLost(Tg1Error):
    """A Dask cluster took the work and did not bring it to an end; what was computed before is kept."""


def done_by_processes(work: Iterable[tuple[PackedDays, Work]], jobs: int | None) -> Iterator[Done]:
    """Carry out the work on this machine, in any order; None: a process for each core."""
    try:
        # One unit at a time: a batch would be lost whole with its process, and a unit is longer than its dispatch.
        yield from joblib.Parallel(
            n_jobs=-1 if jobs is None else jobs,
            backend="loky",
            return_as="generator_unordered",
            batch_size=1,
            max_nbytes=SMALLEST_SHARED_BYTES,
            mmap_mode="r",
            initializer=_stay_with,
            # Its own word for its parent would be wrong where that died before the process was ready.
            initargs=(os.getpid(),),
        )(_tasks(work))
    except TerminatedWorkerError as exc:
        raise WorkerDied(
            "a process of the sweep was killed, perhaps for want of memory; every result before is kept, and the same "
            "line goes on from there (--jobs N takes fewer processes)."
        ) from exc


def done_by_cluster(work: Iterable[tuple[PackedDays, Work]], prices: list[PackedDays], address: str) -> Iterator[Done]:
    """Carry out the work on a Dask cluster.

    Raises `ConfigError` without Dask, `ClusterUnreachable` without cluster, `ClusterLost` when it goes away.
    """
    with _cluster(address) as client, joblib.parallel_config(backend="dask", client=client, scatter=prices):
        try:
            yield from joblib.Parallel(return_as="generator_unordered", batch_size=1)(_tasks(work))
        except Tg1Error:
            raise
        except Exception as exc:
            # A scheduler that is gone, a worker that was killed, another Python there: Dask has a class for each.
            raise ClusterLost(
                f"--dask {address} did not carry it out ({type(exc).__name__}: {_first_line(exc)}); every result "
                "before is kept, and the same line goes on from there."
            ) from exc


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or ["no reason given"])[0][:160]


def _tasks(work: Iterable[tuple[PackedDays, Work]]) -> Iterator[Any]:
    for prices, one in work:
        yield joblib.delayed(carried_out)(prices, replace(one, config=without_secrets(one.config)))


def _stay_with(parent: int) -> None:
    """Leave Ctrl-C to the parent, and end when it has been killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    never = threading.Event()
    while os.getppid() == parent:
        never.wait(LOOK_FOR_PARENT_SECS)
    os._exit(ExitCode.FAILED)


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    try:
        from distributed import Client  # noqa: PLC0415  # an extra of its own, and a second of imports
    except ModuleNotFoundError as exc:
        raise ConfigError("--dask needs Dask; install it with: pip install 'tg1[insight,dask]'") from exc
    try:
        client = Client(address, timeout=CLUSTER_PATIENCE_SECS, set_as_default=False)
    except (OSError, ValueError) as exc:
        raise ClusterUnreachable(f"--dask {address} can't be reached: {_first_line(exc)}") from exc
    with client:
        if not client.ncores():
            raise ClusterUnreachable(f"--dask {address} has no workers: start some with dask worker {address}")
        yield client
