"""Several processes: the order asked, errors that come back, and none within one of several."""

import operator
import os

import pytest

from cas_audit import processes as ours
from cas_audit.processes import open_processes


def nested() -> int:
    """Ask for processes within one of several; return how many did the work."""
    with open_processes(2) as processes:
        return len(set(processes.each(os.getpid, [(), ()], "x")))


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be two processors, whatever this machine has."""
    monkeypatch.setattr(ours, "_processors", lambda: 2)


@pytest.mark.usefixtures("two")
def test_results_come_in_the_order_asked_from_other_processes() -> None:
    """With one thread each, and nothing drawn; they begin no further processes."""
    with open_processes(2) as processes:
        quotients = processes.each(operator.floordiv, [(one, 2) for one in range(9)], "x")
        where = processes.each(os.getpid, [()] * 4, "x")
        threads = processes.each(os.getenv, [("OMP_NUM_THREADS",)], "x")
        alone = processes.each(nested, [()], "x")

    assert [one // 2 for one in range(9)] == quotients
    assert os.getpid() not in where
    assert ["1"] == threads
    assert [1] == alone


@pytest.mark.usefixtures("two")
def test_an_error_comes_back_as_it_was() -> None:
    """And nothing more is begun."""
    with pytest.raises(ZeroDivisionError), open_processes(2) as processes:
        processes.each(operator.floordiv, [(1, 0), (1, 1)], "x")


@pytest.mark.parametrize("number", [0, 1])
def test_one_thing_is_done_here(number: int) -> None:
    """To begin a process for it would only take time."""
    with open_processes(number) as processes:
        assert [os.getpid()] == processes.each(os.getpid, [()], "x")
