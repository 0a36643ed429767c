"""Several things at once, each in a process of its own; one after the other where that is better.

To begin a process takes seconds, since it loads its libraries anew: it pays for work that takes
longer. A process begun so reads the program that was started once more, which only a program that
expects it survives: so nothing is begun unless a command of ours has allowed it, and none by a
process that is itself one of several.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, TypeVar

from cas_audit.progress import hush, track

__all__ = ["Processes", "allow", "open_processes"]

R = TypeVar("R")
_allowed = [False]


def allow() -> None:
    """Let processes be begun from now on; for a program that does nothing when it is imported."""
    _allowed[0] = True


@dataclass(frozen=True)
class Processes:
    """Who does several things: other processes, or without a pool this one."""

    pool: ProcessPoolExecutor | None

    def each(
        self, do: Callable[..., R], arguments: Iterable[tuple[Any, ...]], label: str
    ) -> list[R]:
        """Call a function on each of many arguments; return what it gave, in the order asked.

        Other processes are sent the arguments and send the results back, so the function stands in
        a module, and nothing may be a lambda or an open file.
        """
        if self.pool is None:
            return [do(*one) for one in track(list(arguments), label)]
        waiting = [self.pool.submit(do, *one) for one in arguments]
        try:
            for one in track(as_completed(waiting), label, len(waiting)):
                one.result()
        except BaseException:
            self.pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [one.result() for one in waiting]


@contextmanager
def open_processes(number: int) -> Iterator[Processes]:
    """Give so many processes at most, each with one thread for its arithmetic.

    Args:
        number: of things to do at once; with one, or on one processor, this process does them.
    """
    number = min(number, _processors())
    if number <= 1 or not _allowed[0]:
        yield Processes(None)
        return
    with ProcessPoolExecutor(number, get_context("spawn"), initializer=_begin) as pool:
        yield Processes(pool)


def _processors() -> int:
    """Count those that this process may use, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _begin() -> None:
    """Draw no progress, use one thread, and end with the process that began this one."""
    hush()
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"


def _end_with(parent: BaseProcess) -> None:
    """Wait for the end of a parent; one that is killed takes nobody along by itself."""
    parent.join()
    os._exit(1)
