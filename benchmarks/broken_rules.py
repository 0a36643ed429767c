"""Every rule of the gate, broken on purpose: does a test fail?

    python benchmarks/broken_rules.py --out docs/measured/broken-rules.md

A mutant is a rule, what is broken, the text that is replaced in one file, and the tests that must
fail then. The project is copied to a temporary folder; the tests must pass there first. A text that
does not stand exactly once in its file, a test that cannot be run, or one that passes on a mutant
stops the benchmark.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HOME = Path(__file__).resolve().parent.parent
PARTS = ("cas_audit", "checks", "expectations", "reports", "tests", "benchmarks")
PASSED, FAILED = 0, 1
RULES = {
    1: "What no contract lists, with purpose, ground and retention, does not come in.",
    2: "A refused column is never read, and shows up in no message or file.",
    3: "What is read is searched for identifiers, whatever the column is called.",
    4: "Place and time are made coarse at once; no exact one leaves the gate.",
    5: "What is too old on the reference date is refused; the clock plays no part.",
    6: "What cannot be read is named with its place, and nothing half stays behind.",
    7: "The receipt says what came in and what did not, and tells no small count.",
    8: "What came in is held against its suite, and the result is evidence.",
}


class Mutant(NamedTuple):
    """One way to break a rule."""

    rule: int
    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


INGEST = "cas_audit/ingest"
DIALECTS = "tests/test_sources.py::test_every_dialect_gives_the_same_table"
MUTANTS = (
    Mutant(
        1,
        "a column without a purpose comes in",
        f"{INGEST}/contract.py",
        "if _has_purpose(one)]",
        "if one]",
        ("tests/test_draft.py::test_a_column_with_a_blank_purpose_is_refused",),
    ),
    Mutant(
        1,
        "any words will do for a legal ground",
        f"{INGEST}/contract.py",
        "Field(pattern=GROUND)",
        "Field(min_length=1)",
        ("tests/test_tables.py::test_a_contract_says_why_or_does_not_load[changes5-ground]",),
    ),
    Mutant(
        1,
        "a column that is not in the contract is let through",
        f"{INGEST}/delimited.py",
        "include_columns=places",
        "include_columns=[]",
        (f"{DIALECTS}[plain]",),
    ),
    Mutant(
        2,
        "every column of a Parquet file is read",
        f"{INGEST}/formats.py",
        "_row_groups(file, list(matched.values()))",
        "_row_groups(file, names)",
        ("tests/test_rules.py::test_a_refused_column_of_a_parquet_file_is_not_even_opened",),
    ),
    Mutant(
        2,
        "a database is asked for every column",
        f"{INGEST}/database.py",
        "[source.c[one] for one in matched.values()]",
        "[source.c[one] for one in names]",
        ("tests/test_sources.py::test_a_database_is_asked_for_the_admitted_columns_only",),
    ),
    Mutant(
        2,
        "an error repeats what a library says of the source",
        f"{INGEST}/worker.py",
        '"error": type(error).__name__',
        '"error": str(error)',
        ("tests/test_rules.py::test_an_error_that_quotes_the_source_is_told_by_its_kind",),
    ),
    Mutant(
        2,
        "a column name that is an e-mail address is repeated",
        f"{INGEST}/worker.py",
        "zip(names, hit, strict=True) if not one]",
        "zip(names, hit, strict=True)]",
        ("tests/test_sources.py::test_a_column_name_that_looks_like_an_identifier_is_withheld",),
    ),
    Mutant(
        3,
        "one kind of identifier is not looked for",
        f"{INGEST}/scan.py",
        "for kind, pattern in (PATTERNS |",
        'for kind, pattern in ({one: PATTERNS[one] for one in KINDS if one != "bsn"} |',
        ("tests/test_scan.py::test_one_value[999990019-bsn]",),
    ),
    Mutant(
        3,
        "rows with an identifier are counted and come in all the same",
        f"{INGEST}/values.py",
        'sieve.refuse(f"looks_like_{kind}", rows)',
        "pass",
        ("tests/test_ingest.py::test_an_identifier_in_a_count_is_refused",),
    ),
    Mutant(
        3,
        "numbers are not searched",
        f"{INGEST}/values.py",
        "LIKE_NUMBER = 1e7",
        "LIKE_NUMBER = 1e17",
        ("tests/test_ingest.py::test_an_identifier_in_a_count_is_refused",),
    ),
    Mutant(
        3,
        "free text is not searched for names",
        f"{INGEST}/values.py",
        'free_text=column.type == "free_text"',
        "free_text=False",
        ("tests/test_rules.py::test_a_name_in_free_text_is_refused",),
    ),
    Mutant(
        3,
        "areas are let in without looking",
        f"{INGEST}/step.py",
        "    refuse_identifiers(offered.scanned, source.shown)\n",
        "",
        ("tests/test_ingest.py::test_an_identifier_in_an_area_code_ends_the_ingest",),
    ),
    Mutant(
        4,
        "an exact coordinate comes along with its cell",
        f"{INGEST}/counts.py",
        'exchanged & (area < 0)))\n    return {"cell": Key(cell)}, area',
        "exchanged & (area < 0)))\n"
        '    return {"cell": Key(cell), "x_m": Key(x.astype(np.int64))}, area',
        (f"{DIALECTS}[plain]",),
    ),
    Mutant(
        4,
        "an exact age leaves instead of a band",
        f"{INGEST}/counts.py",
        'return Key(np.searchsorted(AGES, np.nan_to_num(age), side="right") - 1, BANDS)',
        "return Key(np.nan_to_num(age).astype(np.int64))",
        ("tests/test_sources.py::test_an_age_leaves_as_a_band_and_a_day_as_a_week",),
    ),
    Mutant(
        4,
        "a shift is finer than eight hours",
        f"{INGEST}/coarse.py",
        "SHIFT_HOURS = 8",
        "SHIFT_HOURS = 6",
        ("tests/test_rules.py::test_a_shift_is_eight_hours",),
    ),
    Mutant(
        5,
        "age is measured against the clock",
        f"{INGEST}/incidents.py",
        "years_before(question.reference_date, question.years)",
        "years_before(pd.Timestamp.now().date(), question.years)",
        (
            "tests/test_rules.py::test_age_is_measured_against_the_reference_date[1995]",
            "tests/test_rules.py::test_age_is_measured_against_the_reference_date[2090]",
        ),
    ),
    Mutant(
        5,
        "nothing is too old",
        f"{INGEST}/incidents.py",
        "    sieve.refuse(too_old, moment < start)\n",
        "",
        (
            "tests/test_sources.py::test_an_age_leaves_as_a_band_and_a_day_as_a_week",
            "tests/test_tables.py::test_too_old_is_refused_and_no_defect",
        ),
    ),
    Mutant(
        5,
        "under Wpg 8 rows of five years come in without a word why",
        f"{INGEST}/retention.py",
        "COMPARED_YEARS if config.comparison else FREE_YEARS",
        "COMPARED_YEARS",
        ("tests/test_tables.py::test_years_follow_the_regime[wpg_8-False-1]",),
    ),
    Mutant(
        5,
        "a record that was removed from use comes in",
        f"{INGEST}/incidents.py",
        "    if removed:\n",
        "    if not removed:\n",
        ("tests/test_sources.py::test_a_record_removed_from_use_is_refused",),
    ),
    Mutant(
        6,
        "a half-written folder stays behind",
        "cas_audit/files.py",
        "        shutil.rmtree(work, ignore_errors=True)\n",
        "        pass\n",
        ("tests/test_bad_input.py::test_bad_input_ends_with_3[the file is truncated]",),
    ),
    Mutant(
        6,
        "a broken row group is not named",
        f"{INGEST}/formats.py",
        "row_group=group + 1, **_column(file, group, columns)",
        "",
        ("tests/test_rules.py::test_a_broken_row_group_is_named_with_its_column",),
    ),
    Mutant(
        6,
        "a file without rows is taken for a quiet year",
        f"{INGEST}/worker.py",
        "    if not tally.offered:\n",
        "    if tally.offered < 0:\n",
        ("tests/test_sources.py::test_spoiled_files_are_refused_whole[header only]",),
    ),
    Mutant(
        7,
        "a count of three is shown",
        f"{INGEST}/protect.py",
        "return HIDDEN if 0 < number < SMALLEST_COUNT else Count(count=number)",
        "return Count(count=number)",
        ("tests/test_receipts.py::test_a_few_rows_are_hidden_and_many_are_not",),
    ),
    Mutant(
        7,
        "a total gives a hidden count away",
        f"{INGEST}/protect.py",
        "        low[0, 1], high[0, 1] = 0, ANY\n",
        "        pass\n",
        ("tests/test_ingest.py::test_a_lone_small_count_hides_the_total_too",),
    ),
    Mutant(
        7,
        "areas are rounded without a look at their sums",
        f"{INGEST}/protect.py",
        "if not tells(*_bounds(tally, step), SMALLEST_COUNT):",
        "if step:",
        ("tests/test_protect.py::test_no_small_count_follows_from_a_receipt[35]",),
    ),
    Mutant(
        7,
        "refused columns are not on the receipt",
        f"{INGEST}/step.py",
        '"refused_columns": offered.refused,',
        '"refused_columns": [],',
        ("tests/test_tables.py::test_a_table_comes_in_as_counts[stops]",),
    ),
    Mutant(
        8,
        "the result of a suite is always good",
        f"{INGEST}/validation.py",
        '"success": bool(said["success"]) and not broken,',
        '"success": True,',
        ("tests/test_expectations.py::test_every_expectation_can_fail",),
    ),
    Mutant(
        8,
        "a suite is not run",
        f"{INGEST}/step.py",
        "validate(read.table, table, known)",
        "{}",
        ("tests/test_tables.py::test_a_table_comes_in_as_counts[stops]",),
    ),
    Mutant(
        8,
        "the check does not mind an expectation that failed",
        "checks/data/expectations_hold.py",
        '    if told["fails"] or told["broken"]:\n',
        "    if not results:\n",
        ("tests/test_checks.py::test_case[data/expectations_hold: One expectation fails.]",),
    ),
)


def run(folder: Path, tests: tuple[str, ...]) -> int:
    """Run tests in a copy; returns what pytest exits with."""
    known = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(  # noqa: S603 - our own tests
        command, cwd=folder, capture_output=True, text=True, check=False, env=known
    )
    return done.returncode


def kill(folder: Path, mutant: Mutant) -> None:
    """Break a rule in the copy, demand that each of its tests fails, and mend it again."""
    path = folder / mutant.file
    whole = path.read_text(encoding="utf-8")
    found = whole.count(mutant.old)
    if found != 1:
        message = f"{mutant.what}: {mutant.file} holds the text {found} times, expected once"
        raise SystemExit(message)
    path.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
    for test in mutant.tests:
        code = run(folder, (test,))
        if code != FAILED:
            message = f"{mutant.what}: {test} ended with {code}, expected {FAILED}: it must fail"
            raise SystemExit(message)
    path.write_text(whole, encoding="utf-8")


def report(mutants: tuple[Mutant, ...]) -> str:
    """Return the table; stop when a mutant lives."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in PARTS:
            shutil.copytree(HOME / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(HOME / "pyproject.toml", copy / "pyproject.toml")
        tests = tuple(dict.fromkeys(test for one in mutants for test in one.tests))
        if run(copy, tests) != PASSED:
            message = "a test fails before anything is broken; expected all of them to pass"
            raise SystemExit(message)
        for one in mutants:
            print(f"{one.rule}: {one.what}", file=sys.stderr)
            kill(copy, one)
    lines = ["| rule | broken so that | in | fails |", "|---|---|---|---|"]
    for one in mutants:
        names = ", ".join(f"`{test.removeprefix('tests/')}`" for test in one.tests)
        lines.append(f"| {one.rule} | {one.what} | `{one.file}` | {names} |")
    rules = [f"{number}. {words}" for number, words in RULES.items()]
    broken = len({one.rule for one in mutants})
    note = f"{len(mutants)} ways to break {broken} rules; none went unseen."
    return "\n".join([*rules, "", *lines, "", note])


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=len(MUTANTS), help="the first so many")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    page = report(MUTANTS[: chosen.mutants])
    page = f"# Broken rules\n\nMade by `python benchmarks/broken_rules.py`.\n\n{page}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
