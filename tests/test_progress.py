"""Progress: rows are counted where somebody looks, and nothing else comes through."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cas_audit.progress import watch

HOME = Path(__file__).resolve().parent.parent
ROWS = 600_000
CANARY = "KANARIE"
PROGRAM = """
import sys
from pathlib import Path
from tests.test_sources import read
found = read(Path(sys.argv[1]))
print(found.tally.offered)
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write a table of several pieces, with a refused column."""
    wide = pd.DataFrame({"x_rd": ["121000.5"] * ROWS, "y_rd": "487000.5", "naam": CANARY})
    wide.assign(aantal_verdachten=1).to_parquet(tmp_path / "t.parquet", index=False)
    return tmp_path / "t.parquet"


def look(path: Path) -> tuple[str, str]:
    """Read a table with a terminal for stderr; return what was printed and what was drawn."""
    ours, theirs = pty.openpty()
    known = {**os.environ, "PYTHONPATH": str(HOME), "TERM": "xterm", "COLUMNS": "80"}
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        cwd=HOME,
        env=known,
    )
    os.close(theirs)
    drawn = b""
    try:
        while part := os.read(ours, 4096):
            drawn += part
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    finally:
        os.close(ours)
    printed, _ = started.communicate()
    return printed.strip(), drawn.decode()


def test_rows_are_counted_on_a_terminal(table: Path) -> None:
    """Up to the last, with the table's name, and with no value from it."""
    printed, drawn = look(table)

    assert printed == str(ROWS)
    assert f"reading suspects: {ROWS:,} rows" in drawn
    assert CANARY not in drawn
    assert "121000" not in drawn


def test_an_error_is_said_as_without_a_terminal(table: Path) -> None:
    """What is drawn does not get into the sentence."""
    table.write_bytes(table.read_bytes()[:-50])
    printed, drawn = look(table)

    assert printed == ""
    assert re.search(r"t\.parquet cannot be read as parquet \(\w+\)", drawn)


def test_nobody_looking_means_no_pipe() -> None:
    """As in CI, and in these tests."""
    with watch("reading") as pipe:
        assert pipe is None


def test_only_numbers_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else comes through the pipe is dropped."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with watch("reading") as pipe:
            assert pipe is not None
            os.write(pipe, f"12\n{CANARY}\n34\n".encode())
    drawn = os.read(ours, 65536).decode()
    os.close(ours)

    assert "34 rows" in drawn
    assert CANARY not in drawn
