"""The benchmarks run: a short one here, the long ones by their own command."""

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent


def run(tmp_path: Path, name: str, *arguments: str) -> str:
    """Run a benchmark, and return the page it wrote."""
    out = tmp_path / "page.md"
    done = subprocess.run(
        [sys.executable, str(HOME / f"benchmarks/{name}.py"), *arguments, "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HOME)},
    )

    assert done.returncode == 0, done.stderr
    return out.read_text()


def test_the_readers_agree(tmp_path: Path) -> None:
    """Gate and pandas come to the same rows, or the benchmark stops."""
    page = run(tmp_path, "ingest", "--rows", "20000")

    assert "| csv |" in page
    assert "| parquet |" in page


def test_malformed_input_never_quotes_itself(tmp_path: Path) -> None:
    """A thousand inputs here; ten thousand by the command in the docs."""
    page = run(tmp_path, "fuzz", "--inputs", "1000", "--seed", "7")

    assert "1,000 inputs, messages that held the canary: 0." in page


def test_no_marked_value_is_found_anywhere(tmp_path: Path) -> None:
    """Every format and ending, with fewer marks than the command in the docs."""
    rows = run(tmp_path, "leaks", "--canaries", "1500").splitlines()
    table = [row for row in rows if row.startswith("| ") and "control" not in row][1:]
    counts = [[one.strip() for one in row.split("|")[4:8]] for row in table]

    assert len(table) == 14
    assert [["0"] * 4] * 14 == counts


def test_the_scan_for_areas_is_measured(tmp_path: Path) -> None:
    """Two cities of one setting here; the table by the command in the docs."""
    page = run(tmp_path, "scan_areas", "--cities", "2", "--draws", "39", "--setting", "0")

    assert "`python benchmarks/scan_areas.py --cities 2 --draws 39" in page
    assert "| 2 | 0 | - | fitted, too few |" in page
