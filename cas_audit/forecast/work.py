"""Who does the work on tiles: threads here, or the processes of a Dask cluster.

Both are the executor of Python's own `concurrent.futures`; what they are asked is the same. A
cluster gives the tile of a worker that dies to another one.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cas_audit.errors import InputError
from cas_audit.forecast.panels import MemoryPanel, Panel
from cas_audit.progress import track

__all__ = ["Work", "ask_scheduler", "open_work"]

ANSWER_SECONDS = 5
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Work:
    """How tiles are worked on.

    Attributes:
        executor: does it.
        folder: where finished tiles are put down, for a run that goes on after a stop; a cluster
            must see it at the same path.
        apart: whether workers are other processes, that panels in memory would be sent to.
    """

    executor: Executor
    folder: Path | None = None
    apart: bool = False

    def reach(self, panel: MemoryPanel) -> Panel:
        """Return a panel that the workers can read."""
        if not self.apart:
            return panel
        from cas_audit.forecast.store import keep_panel  # noqa: PLC0415 - loads zarr

        return keep_panel(self._place / "panels", panel)

    @property
    def _place(self) -> Path:
        if self.folder is None:
            message = "A cluster needs a folder to read panels from."
            raise ValueError(message)
        return self.folder

    def each(self, function: Callable[[T], R], items: Iterable[T], label: str) -> list[R]:
        """Call a function for every item, with a bar; return what it gave, in the order asked."""
        futures = [self.executor.submit(function, item) for item in items]
        try:
            for future in track(as_completed(futures), label, len(futures)):
                future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]


@contextmanager
def open_work(scheduler: str | None = None, folder: Path | None = None) -> Iterator[Work]:
    """Give threads on this machine, or a cluster.

    Args:
        scheduler: address of a Dask scheduler.
        folder: where panels and finished tiles are put down; a cluster needs one.

    Raises:
        InputError: nobody answers there, or nobody works there.
    """
    if scheduler is None:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            yield Work(threads, folder)
        return
    with _client(scheduler) as client:
        yield Work(client.get_executor(pure=False), folder, apart=True)


def ask_scheduler(scheduler: str | None) -> None:
    """Refuse at once what would fail much later.

    Raises:
        InputError: nobody answers there, or nobody works there.
    """
    if scheduler is not None:
        with _client(scheduler):
            pass


@contextmanager
def _client(scheduler: str) -> Iterator[Any]:
    from distributed import Client  # noqa: PLC0415, TID251 - the door, opened only for a cluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # our sentence says it once
    try:
        client = Client(scheduler, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError):
        message = (
            f"forecast.scheduler: nobody answered within {ANSWER_SECONDS} seconds; "
            f"expected the address of a Dask scheduler."
        )
        raise InputError(message) from None
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            message = "forecast.scheduler: it has no workers; expected at least one."
            raise InputError(message)
        yield client
