"""Several things at once, each in a process of its own; one after the other where that is better.

To begin a process takes seconds, since it loads its libraries anew: it pays for work that takes
longer. Within a process that is itself one of several, everything is done one after the other.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from cas_audit.progress import hush, track

__all__ = ["open_processes"]

R = TypeVar("R")
Each = Callable[[Callable[..., R], Iterable[tuple[Any, ...]], str], list[R]]
_one_of_several = [False]


@contextmanager
def open_processes(number: int) -> Iterator[Each[Any]]:
    """Give what calls a function on many arguments, in so many processes at most.

    What it is given and gives goes from one process to another, so the function stands in a module
    and its arguments can be sent. Every process uses one thread for its arithmetic.

    Args:
        number: of things to do at once; with one, or on one processor, this process does them.
    """
    number = min(number, _processors())
    if number <= 1 or _one_of_several[0]:
        yield _here
        return
    with ProcessPoolExecutor(number, get_context("spawn"), initializer=_begin) as pool:

        def each(do: Callable[..., R], arguments: Iterable[tuple[Any, ...]], label: str) -> list[R]:
            waiting = [pool.submit(do, *one) for one in arguments]
            try:
                for one in track(as_completed(waiting), label, len(waiting)):
                    one.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            return [one.result() for one in waiting]

        yield each


def _processors() -> int:
    """Count those that this process may use, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _here(do: Callable[..., R], arguments: Iterable[tuple[Any, ...]], label: str) -> list[R]:
    return [do(*one) for one in track(list(arguments), label)]


def _begin() -> None:
    """Draw no progress, use one thread, and begin no further processes."""
    hush()
    _one_of_several[0] = True
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
