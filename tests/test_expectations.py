"""The suites: each loads, holds for a table that is right, and each expectation can fail."""

import dataclasses
import json
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from cas_audit.errors import ProgrammeError
from cas_audit.ingest.contract import NEEDED
from cas_audit.ingest.known import Known, pack
from cas_audit.ingest.records import RECORDS
from cas_audit.ingest.validation import validate
from cas_audit.present.words import LANGUAGES, Language, Words
from cas_audit.rooms import room

CANARY = "KANARIE7"
UNIQUE, WHY = "expect_column_values_to_be_unique", "meta: {notes: For a test.}"
WEEKS = pd.date_range("2025-01-06", "2025-12-29", freq="7D").astype("datetime64[us]")
AREA = np.array([0, 0, 1, 1, -1, 2, 2, 2], dtype=np.int32)  # of each cell; the fifth is in none
CODES = ["A", "B", "C"]
KEYS = {
    "incidents": ["cell", "week", "theme", "channel"],
    "areas": ["cell"],
    "suspects": ["cell"],
    "decisions": ["area", "week", "theme", "decision", "taken"],
    "survey": ["area", "theme"],
    "patrols": ["area", "week"],
    "stops": ["cell", "area", "week", "theme", "age_band"],
    "complaints": ["area", "week", "theme"],
    "forecasts": ["cell", "area", "week", "theme"],
    **{name: ["kind", "months"] for name in RECORDS},
}
PLACED_TWICE = {"stops", "forecasts"}  # they have cells or areas, and here both
MEASURES: dict[str, dict[str, Any]] = {
    "areas": {"residents": 10.0, "a": 4.0, "b": 6.0},
    "suspects": {"suspects": 2.0},
    "survey": {"respondents": 40.0, "reported_share": 0.5},
    "patrols": {"hours": 12.0},
    "incidents": {"count": 2},
    "forecasts": {"score": 0.5, "flagged": True, "count": 2.0},
}
VALUES: dict[str, list[Any]] = {
    "cell": np.flatnonzero(AREA >= 0).tolist(),
    "area": CODES,
    "week": list(WEEKS),
    "theme": ["home_burglary"],
    "channel": ["brought"],
    "decision": ["followed"],
    "age_band": ["18-24"],
    "taken": ["10-59"],
    "months": [0, 3],
}
COUNTED = {"access": ["left"], "changes": ["changes"], "restores": ["same"], "log": ["gaps"]}
SUITES = {
    path.name.removesuffix(".suite.yaml"): yaml.safe_load(path.read_text())["expectations"]
    for path in sorted(room("expectations").glob("*.suite.yaml"))
}
ALL = [(name, at) for name, suite in SUITES.items() for at in range(len(suite))]
Pair = tuple[pd.DataFrame, Known]


def right(name: str) -> Pair:
    """Return a table for which every expectation of its suite holds, and what is known beside it.

    It has every column that the table can have, also those of which a contract asks one only.
    """
    keys = [key for key in KEYS[name] if key != "area" or name not in PLACED_TWICE]
    kinds = {"kind": COUNTED[name]} if name in RECORDS else {}
    index = pd.MultiIndex.from_product([(VALUES | kinds)[key] for key in keys], names=keys)
    table = index.to_frame(index=False).assign(**MEASURES.get(name, {"count": 2.0}))
    if name in PLACED_TWICE:
        table.insert(1, "area", np.array(CODES)[AREA[table["cell"]]])
    lags = {"rows": 100, "lag_0_1_days": 99, "lag_92_days": 1}
    known = Known(
        columns=list(table.columns),
        keys=KEYS[name],
        groups=["a", "b"] if name == "areas" else None,
        themes=["home_burglary"],
        channels=["brought"],
        areas=CODES,
        ground=pack(AREA),
        last_cell=len(AREA) - 1,
        crs="EPSG:28992",
        cell_size_m=125.0,
        x0=125_000.0,
        y0=250.0,
        reference_date="2026-01-05",
        first_week="2025-01-06",
        last_week="2025-12-29",
        offered=100,
        admitted=int(table["count"].sum()) if "count" in table else None,
        control_total=100,
        quality=lags,
        lags=lags,
    )
    return table, known


def put(column: str, value: Any) -> Callable[[Pair, dict[str, Any]], Pair]:
    """Return what puts a value in the first row of a column; by default the expectation's own."""

    def spoil(pair: Pair, kwargs: dict[str, Any]) -> Pair:
        table, known = pair
        name = column or kwargs["column"]
        changed = table[name].astype(object)
        changed.iloc[0] = value
        return table.assign(**{name: changed.infer_objects()}), known

    return spoil


def know(**facts: Any) -> Callable[[Pair, dict[str, Any]], Pair]:
    """Return what changes what is known beside the table."""
    return lambda pair, _: (pair[0], dataclasses.replace(pair[1], **facts))


def rows(choose: Callable[[pd.DataFrame], Any]) -> Callable[[Pair, dict[str, Any]], Pair]:
    """Return what keeps other rows."""
    return lambda pair, _: (choose(pair[0]).reset_index(drop=True), pair[1])


def beyond(pair: Pair, kwargs: dict[str, Any]) -> Pair:
    """Put a value above the highest or, where there is none, below the lowest."""
    known = pair[1].plain()
    highest, lowest = (
        known[bound["$PARAMETER"]] if isinstance(bound, dict) else bound
        for bound in (kwargs.get("max_value"), kwargs.get("min_value"))
    )
    value = highest + 1 if highest is not None else lowest - 1  # type: ignore[operator] # one is
    return put("", value)(pair, kwargs)


def as_text(pair: Pair, kwargs: dict[str, Any]) -> Pair:
    """Make a column text."""
    return pair[0].astype({kwargs["column"]: str}), pair[1]


def half_null(pair: Pair, kwargs: dict[str, Any]) -> Pair:
    """Empty half a column."""
    name = kwargs["column"]
    return pair[0].assign(**{name: pair[0][name].mask(np.arange(len(pair[0])) % 2 == 0)}), pair[1]


def area_of(table: pd.DataFrame) -> Any:
    """Return the code of the area of each row."""
    return table["area"] if "area" in table else pd.Series(np.array(CODES)[AREA[table["cell"]]])


def double(table: pd.DataFrame) -> pd.DataFrame:
    """Add the first row once more."""
    return pd.concat([table, table.iloc[:1]])


SPOILERS: dict[str, Callable[[Pair, dict[str, Any]], Pair]] = {
    "expect_table_columns_to_match_set": lambda pair, _: (pair[0].assign(extra=1), pair[1]),
    "expect_table_row_count_to_be_between": rows(lambda table: table.iloc[:0]),
    "expect_column_values_to_not_be_null": half_null,
    "expect_column_values_to_be_of_type": as_text,
    "expect_column_values_to_be_between": beyond,
    "expect_column_values_to_be_in_set": put("", CANARY),
    "expect_column_values_to_be_unique": rows(double),
    "expect_compound_columns_to_be_unique": rows(double),
    "expect_column_sum_to_be_between": know(admitted=1),
    "expect_column_cells_to_lie_in_an_area": put("cell", 4),
    "expect_column_weeks_to_be_mondays": put("week", pd.Timestamp("2025-06-10")),
    "expect_column_newest_week_to_be_recent": know(reference_date="2026-12-29"),
    "expect_column_to_cover_cells": rows(lambda table: table.iloc[1:]),
    "expect_column_to_cover_areas": rows(lambda table: table[area_of(table) == "A"]),
    "expect_column_to_cover_weeks": rows(lambda table: table[table["week"].isin(WEEKS[::3])]),
    "expect_areas_not_to_fall_silent": rows(
        lambda table: table[(area_of(table) == "A") | (table["week"] < WEEKS[-20])]
    ),
    "expect_columns_to_be_parts_of_column": put("a", 11.0),
    "expect_grid_to_be_metric_and_aligned": know(x0=125_050.0),
    "expect_offered_rows_to_equal_control_total": know(control_total=101),
    "expect_kinds_of_row_to_be_rare": know(
        lags=dict.fromkeys(
            ("rows", "lag_before", "lag_0_1_days", "lag_92_days", "lag_unknown"), 100
        ),
        quality={"rows": 100, "default_place": 50},
    ),
}


def judged(name: str, pair: Pair) -> list[dict[str, Any]]:
    """Return the results of a suite."""
    found: list[dict[str, Any]] = validate(pair[0], name, pair[1])["results"]
    return found


def test_every_table_has_a_suite_that_asks_something() -> None:
    """The tests below do not loop over nothing."""
    assert set(NEEDED) == set(SUITES)
    assert min(len(suite) for suite in SUITES.values()) >= 10
    assert set(SPOILERS) == {one["type"] for suite in SUITES.values() for one in suite}


@pytest.mark.parametrize("name", SUITES)
def test_a_right_table_holds(name: str) -> None:
    """Every expectation is asked, and every one holds."""
    found = judged(name, right(name))

    assert [one["type"] for one in SUITES[name]] == [one["expectation"] for one in found]
    assert {(True, False)} == {(one["success"], one["broken"]) for one in found}


@pytest.mark.parametrize(
    ("name", "at"), ALL, ids=[f"{n} {a} {SUITES[n][a]['type']}" for n, a in ALL]
)
def test_every_expectation_can_fail(name: str, at: int) -> None:
    """A table spoiled in just that way is noticed, and not because something broke."""
    one = SUITES[name][at]
    found = judged(name, SPOILERS[one["type"]](right(name), one["kwargs"]))[at]

    assert (False, False) == (found["success"], found["broken"])


@pytest.mark.parametrize("name", SUITES)
def test_every_expectation_says_why(name: str) -> None:
    """In a full sentence."""
    notes = [one["meta"]["notes"] for one in SUITES[name]]

    assert [] == [said for said in notes if not said.endswith(".") or len(said.split()) < 5]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_expectation_and_column_has_a_name(language: Language) -> None:
    """A privacy officer reads them in the report."""
    types = {one["type"] for suite in SUITES.values() for one in suite}
    columns = {one["kwargs"].get("column") for suite in SUITES.values() for one in suite} - {None}

    assert set() == (types | columns) - set(Words(language).names)


@pytest.mark.parametrize(
    ("name", "facts", "silent"),
    [
        ("incidents", {"control_total": None}, "expect_offered_rows_to_equal_control_total"),
        ("incidents", {"lags": None}, "expect_kinds_of_row_to_be_rare"),
        ("stops", {"admitted": None}, "expect_column_sum_to_be_between"),
    ],
)
def test_what_was_not_said_is_not_asked(name: str, facts: dict[str, Any], silent: str) -> None:
    """And never held; the rest is judged as before."""
    found = judged(name, know(**facts)(right(name), {}))
    unasked = {one["expectation"] for one in found if one["success"] is None}

    assert {silent} == unasked


def test_a_column_that_no_contract_asks_for_is_not_asked() -> None:
    """Checks by area have no cell."""
    table, known = right("stops")
    columns = ["area", "week", "count"]
    by_area = table.groupby(["area", "week"], as_index=False)[["count"]].sum()
    known = dataclasses.replace(known, columns=columns, keys=["area", "week"])
    found = judged("stops", (by_area, known))

    assert {"cell", "theme", "age_band"} == {o["column"] for o in found if o["success"] is None}
    assert all(one["success"] for one in found if one["success"] is not None)


def test_a_promised_column_that_is_absent_breaks() -> None:
    """It is never held, nor left unasked."""
    table, known = right("patrols")
    found = judged("patrols", (table.drop(columns="hours"), known))
    about = [one for one in found if one["column"] == "hours"]

    assert {(False, True, None)} == {(o["success"], o["broken"], o["elements"]) for o in about}


@pytest.mark.parametrize(
    "suite",
    [
        f"expectations: [{{type: expect_nothing, kwargs: {{}}, {WHY}}}]",
        f"expectations: [{{type: {UNIQUE}, kwargs: {{column: cel}}, {WHY}}}]",
        f"expectations: [{{type: {UNIQUE}, kwargs: {{column: {{$PARAMETER: x}}}}, {WHY}}}]",
        f"expectations: [{{type: {UNIQUE}, kwargs: {{column: cell}}}}]",
        "expectations: 3",
        "name: areas",
    ],
)
def test_a_suite_that_says_nonsense_does_not_load(
    suite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown expectation, column or fact stops the ingest, and so does one without a why."""
    path = tmp_path / "areas.suite.yaml"
    path.write_text(suite)
    monkeypatch.setattr("cas_audit.ingest.validation.room", lambda *_: path)

    with pytest.raises(ProgrammeError, match=r"areas\.suite\.yaml does not load as a suite"):
        judged("areas", right("areas"))


@pytest.mark.parametrize("column", ["area", "week", "theme", "decision", "count"])
def test_no_value_is_in_a_result(
    column: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor in a message or a log, also where an odd code makes an expectation raise."""
    caplog.set_level(logging.DEBUG)
    table, known = right("decisions")
    found = validate(table.assign(**{column: CANARY}), "decisions", known)
    said = capfd.readouterr()

    assert not found["success"]
    assert column in {"area", "theme", "decision"} or any(o["broken"] for o in found["results"])
    assert CANARY not in json.dumps(found) + said.out + said.err + caplog.text


def test_no_folder_for_temporary_files_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default the library makes one for a site; it could stay behind when a run is ended."""
    made: list[tuple[Any, ...]] = []
    make = tempfile.mkdtemp

    def note(*names: Any) -> str:
        made.append(names)
        return str(make(*names))

    monkeypatch.setattr(tempfile, "mkdtemp", note)
    found = judged("areas", right("areas"))

    assert found
    assert [] == made
