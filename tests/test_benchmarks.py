"""The benchmarks run: a short one here, the long ones by their own command."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from cas_audit.simulate.dials import Dials

HOME = Path(__file__).resolve().parent.parent


def run(tmp_path: Path, name: str, *arguments: str) -> str:
    """Run a benchmark, and return the page it wrote."""
    out, path = tmp_path / "page.md", HOME / "benchmarks" / name
    program = path if path.is_dir() else path.with_suffix(".py")
    done = subprocess.run(
        [sys.executable, str(program), *arguments, "--out", str(out)],
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
    """Some hundreds of inputs here, and no process dies; the rest by the command in the docs."""
    page = run(tmp_path, "fuzz", "--inputs", "600", "--seed", "7")
    rows = [row.split("|")[4:7] for row in page.splitlines() if row.startswith("| ")][1:]

    assert "600 inputs, messages that held the canary: 0." in page
    assert [["0"] * 3] * 6 == [[one.strip() for one in row] for row in rows]


def test_no_marked_value_is_found_anywhere(tmp_path: Path) -> None:
    """Every format that is read whole; the other endings by the command in the docs."""
    rows = run(tmp_path, "leaks", "--canaries", "100", "--only", "read whole").splitlines()
    table = [row for row in rows if row.startswith("| ") and "control" not in row][1:]
    counts = [[one.strip() for one in row.split("|")[4:8]] for row in table]

    assert len(table) == 5
    assert [["0"] * 4] * 5 == counts


def test_the_page_of_the_synthetic_city_names_every_dial(tmp_path: Path) -> None:
    """With its default and meaning, and the truth of each setting; the long page by its command."""
    page = run(tmp_path, "dials", "--side", "30", "--histories", "2")
    rows = [f"| `{one.name}` | `{one.default!r}` |" for one in fields(Dials)]

    assert [] == [row for row in rows if row not in page]
    assert [] == [row for row in rows if row not in (HOME / "docs/synthetic-city.md").read_text()]
    assert "nan" not in page


def test_permutation_tests_are_measured_in_every_setting(tmp_path: Path) -> None:
    """One pair of fields a setting here; the command in the docs draws hundreds."""
    page = run(tmp_path, "permutation", "--draws", "1")
    maps = [row for row in page.splitlines() if row.startswith(("| 40x40", "| 110x110"))]

    assert "| shuffle | torus | shift | spectral | blocks |" in page
    assert len(maps) == 24 + 8
    assert page.count("| last a tenth |") == 6


def test_a_broken_rule_is_seen(tmp_path: Path) -> None:
    """One way here; every way to break each rule of the gate by the command in the docs."""
    page = run(tmp_path, "broken_rules", "--mutants", "1")

    assert "1 ways to break 1 rules; none went unseen." in page


def test_the_audit_of_the_audit_runs_and_goes_on(tmp_path: Path) -> None:
    """Four small cities a setting here; what was measured before is not measured again."""
    small = ["--share", "0.0001", "--largest-side", "40", "--work", str(tmp_path / "work")]
    small += ["--part", "beyond", "--part", "process", "--part", "outcomes"]
    kept = [*small, "--measured"]
    page = run(tmp_path, "calibration", *small)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}

    for part in ("Beyond this city", "This process", "Outcomes given flags"):
        assert f"## {part}" in page
    assert page == run(tmp_path, "calibration", *small) == run(tmp_path, "calibration", *kept)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}


def test_intervals_are_timed_against_fairlearn(tmp_path: Path) -> None:
    """Both give their intervals; how long they take is for the command in the docs."""
    page = run(tmp_path, "intervals", "--rows", "2000", "--replicates", "3")

    assert "| intervals from these sums | | 40 |" in page
    assert "| fairlearn, 3 replicates | 2,000 | 8 |" in page


def test_the_scan_for_areas_is_measured(tmp_path: Path) -> None:
    """Two cities of one setting here; the table by the command in the docs."""
    page = run(tmp_path, "scan_areas", "--cities", "2", "--draws", "39", "--setting", "0")

    assert "`python benchmarks/scan_areas.py --cities 2 --draws 39" in page
    assert "| 2 | 0 | - | fitted, too few |" in page


def test_accuracy_is_measured_against_the_truth(tmp_path: Path) -> None:
    """One small city here; real ones and more by the command in the docs."""
    small = ("--cities", "--rates", "50", "--histories", "1", "--side", "24", "--draws", "10")
    page = run(tmp_path, "accuracy", *small, "--work", str(tmp_path / "work"))
    [row] = [row for row in page.splitlines() if row.startswith("| 50 | 1 |")]
    shares = [float(one) for one in row.strip("| ").split(" | ")]

    assert all(20 < one <= 100 for one in shares[3:])


def test_features_are_timed_against_tables(tmp_path: Path) -> None:
    """Every way that is installed makes the same columns, or the benchmark stops."""
    page = run(tmp_path, "features", "--rows", "20000", "--repeats", "1")

    assert "| arrays, ours |" in page
    assert "| pandas, groupby-rolling |" in page
    assert ("| polars |" in page) != ("polars is not installed here" in page)


def test_a_small_country_is_forecast(tmp_path: Path) -> None:
    """One size here; all of them up to the whole country by the command in the docs."""
    page = run(tmp_path, "country", "--cells", "10000", "--pair-cells", "2000")

    assert "| 10,044 |" in page
    assert "times faster" in page


def test_the_register_of_features_is_up_to_date(tmp_path: Path) -> None:
    """The page in the docs is what the features say of themselves."""
    assert (HOME / "docs/features.md").read_text() == run(tmp_path, "register")
