"""What is done for each theme apart: several at once, where this machine does the work."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cas_audit.config import Config
from cas_audit.forecast.city import City, open_city
from cas_audit.forecast.work import Work, open_work
from cas_audit.processes import Processes, open_processes
from cas_audit.progress import track

__all__ = ["Themes", "open_themes"]

R = TypeVar("R")


@dataclass(frozen=True)
class Themes:
    """The themes of an audit, and who works on them."""

    config: Config
    data: Path
    city: City
    work: Work
    processes: Processes

    def each(
        self, do: Callable[..., R], label: str, more: Iterable[dict[str, Any]] | None = None
    ) -> list[R]:
        """Call a function for every theme; return what it gave, in the order of the themes.

        Args:
            do: called with the configuration, the city, who works on tiles, and the number and
                name of the theme; stands in a module.
            label: of the progress.
            more: further arguments by name, for each theme.
        """
        themes = list(enumerate(self.config.themes))
        named = [{}] * len(themes) if more is None else list(more)
        if self.processes.pool is None:
            asked = track(list(zip(themes, named, strict=True)), label)
            return [do(self.config, self.city, self.work, of, **one) for of, one in asked]
        there = (do, self.config, self.data)
        sent = [(*there, of, one) for of, one in zip(themes, named, strict=True)]
        return self.processes.each(_apart, sent, label)


@contextmanager
def open_themes(config: Config, data: Path, work: Work) -> Iterator[Themes]:
    """Give the themes of an audit; a cluster gets one theme after the other, in many tiles.

    Args:
        config: what is audited.
        data: what ingest left.
        work: who works on tiles.
    """
    number = 1 if work.apart else len(config.themes)
    with open_processes(number) as processes:
        yield Themes(config, data, open_city(config, data), work, processes)


def _apart(
    do: Callable[..., R], config: Config, data: Path, of: tuple[int, str], named: dict[str, Any]
) -> R:
    """Do it in this process, which opens the city anew: less to send than to read."""
    with open_work() as work:
        return do(config, open_city(config, data), work, of, **named)
