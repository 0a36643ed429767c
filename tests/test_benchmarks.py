"""The benchmarks run: a short one here, the long ones by their own command."""

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent


def test_the_readers_agree(tmp_path: Path) -> None:
    """Gate and pandas come to the same rows, or the benchmark stops."""
    command = [sys.executable, str(HOME / "benchmarks/ingest.py"), "--rows", "20000"]
    out = tmp_path / "page.md"
    done = subprocess.run(
        [*command, "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HOME)},
    )

    assert done.returncode == 0, done.stderr
    page = out.read_text()

    assert "| csv |" in page
    assert "| parquet |" in page
