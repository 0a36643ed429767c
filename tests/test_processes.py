"""Several processes: the order asked, errors that come back, and none within one of several."""

import operator
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cas_audit import processes as ours
from cas_audit.processes import open_processes


def nested() -> int:
    """Ask for processes within one of several; return how many did the work."""
    with open_processes(2) as processes:
        return len(set(processes.each(os.getpid, [(), ()], "x")))


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be two processors, whatever this machine has, and let them be used."""
    monkeypatch.setattr(ours, "_processors", lambda: 2)
    monkeypatch.setattr(ours, "_allowed", [True])


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


def test_a_program_of_somebody_else_begins_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would run anew in each; only our own commands allow it."""
    monkeypatch.setattr(ours, "_processors", lambda: 2)
    monkeypatch.setattr(ours, "_allowed", [False])
    with open_processes(2) as processes:
        assert {os.getpid()} == {*processes.each(os.getpid, [(), ()], "x")}


PARENT = """
import os, sys
from cas_audit.processes import allow, open_processes
if __name__ == "__main__":
    allow()
    with open_processes(2) as processes:
        print(*processes.each(os.getpid, [(), ()], "x"), flush=True)
        os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(ours._processors() < 2, reason="one processor")  # noqa: SLF001 - as there
def test_nobody_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    """Memory of a city would stay behind."""
    program = tmp_path / "parent.py"
    program.write_text(PARENT)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False)
    children = {int(one) for one in done.stdout.split()}
    until = time.monotonic() + 20
    while any(Path(f"/proc/{one}").exists() for one in children) and time.monotonic() < until:
        time.sleep(0.05)

    assert children
    assert [] == [one for one in children if Path(f"/proc/{one}").exists()]
