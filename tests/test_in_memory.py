"""An audit from Python: the same gate, nothing kept that no contract lists, and a light import."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import geopandas  # noqa: TID251 - what a caller hands over
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import cas_audit
from cas_audit import in_memory
from cas_audit.config import load_config
from cas_audit.errors import CasAuditError, ConfigError, InputError
from cas_audit.files import read_json, tree, write_json
from tests.test_given import AREA, POINT, SCORE, WEEK, city, every_week, write

__all__ = ["city"]

NOTEBOOK = Path(__file__).resolve().parent.parent / "examples/notebook.ipynb"
CANARY = "KANARIE7"


def plain(city: Path, columns: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return a configuration as a dictionary, with no path in it and its contract inside."""
    path = write(city, "memory", pd.DataFrame({"n": [1]}), columns, **changes)
    config: dict[str, Any] = json.loads(path.read_text())
    contract = json.loads((city / "memory.contract.yaml").read_text())
    config["sources"] = {"areas": {"contract": "areas"}, "forecasts": {"contract": contract}}
    return config


def areas(city: Path) -> Any:
    """Return the areas as a GeoDataFrame, in metres."""
    return geopandas.read_file(city / "feed/areas.geojson").to_crs(28992)


def test_importing_loads_nothing_heavy() -> None:
    """Neither the package nor asking for its one function."""
    heavy = ("numpy", "pandas", "sklearn", "pydantic", "geopandas", "mlflow", "fairlearn")
    program = (
        "import sys, cas_audit\nassert callable(cas_audit.audit)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "[]" == done.stdout.strip()


def test_another_name_is_not_there() -> None:
    """A package that loads lazily still says what it lacks."""
    with pytest.raises(AttributeError, match="has no attribute 'audti'"):
        cas_audit.audti  # noqa: B018


@pytest.mark.slow
def test_frames_are_audited_like_files(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same findings, and no column that the contract does not list is in any file."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    table = every_week(city)
    path = write(city, "file", table, POINT + WEEK + SCORE)
    from cas_audit import steps  # noqa: PLC0415

    steps.audit(path, tmp_path / "file")
    extra = table.assign(naam=CANARY, opmerking=CANARY)
    places = areas(city).assign(adres=CANARY)
    config = plain(city, POINT + WEEK + SCORE)
    audit = cas_audit.audit(extra, None, places, config, out=tmp_path / "kept")
    files = [tmp_path / name for name in tree(tmp_path)]
    receipt = read_json(tmp_path / "kept/dossier/ingest/forecasts.receipt.json")
    by_file = read_json(tmp_path / "file/findings.json")["findings"]

    assert [(one["check"], one["outcome"]) for one in by_file] == [
        (one.check, one.outcome.value) for one in audit.findings
    ]
    exposure = {one.check: one for one in audit.findings}["model/even_exposure"]
    expected = {one["check"]: one for one in by_file}["model/even_exposure"]

    assert pytest.approx(expected["estimate"], rel=1e-6) == exposure.estimate
    assert ["cel", "naam", "opmerking"] == receipt["refused_columns"]
    assert len(files) > 50
    assert [] == [path.name for path in files if CANARY.encode() in path.read_bytes()]
    assert {"file", "kept"} == {path.name for path in tmp_path.iterdir()}


def test_only_names_are_written_of_what_no_contract_lists(
    city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even in the folder that only we may read, which is gone also when the audit fails."""
    seen: dict[str, Any] = {}

    def look(path: Path, *_: object) -> None:
        seen["folder"], seen["mode"] = path.parent, path.parent.stat().st_mode & 0o777
        seen["rows"] = pd.read_parquet(path.parent / "forecasts.parquet")
        seen["areas"] = (path.parent / "areas.geojson").read_text()
        message = "enough"
        raise InputError(message)

    monkeypatch.setattr("cas_audit.steps.audit", look)
    table = pd.DataFrame({"buurtcode": ["BU99990001"], "n": [1], "naam": [CANARY]})
    places = areas(city).assign(adres=CANARY)

    with pytest.raises(InputError, match="enough"):
        cas_audit.audit(table, None, places, plain(city, AREA))
    assert ["buurtcode", "n", "naam"] == list(seen["rows"])
    assert seen["rows"]["naam"].isna().all()
    assert "adres" in seen["areas"]
    assert CANARY not in seen["areas"]
    assert 0o700 == seen["mode"]
    assert not seen["folder"].exists()


@pytest.mark.slow
def test_outlines_stand_for_places_and_the_result_answers(city: Path, tmp_path: Path) -> None:
    """A GeoDataFrame of cells needs no coordinates; gate, answers and report are at hand."""
    table = every_week(city, pd.DatetimeIndex(["2025-11-03"]))
    squares = geopandas.GeoSeries.from_xy(table["x"], table["y"], crs=28992).buffer(40)
    cells = geopandas.GeoDataFrame(table[["week", "score"]], geometry=squares).to_crs(4326)
    audit = cas_audit.audit(cells, None, areas(city), plain(city, POINT + WEEK + SCORE))
    found = pd.read_parquet(audit.folder / "dossier/forecasts.parquet")
    page = audit.report(tmp_path / "page.html", language="nl")
    top = table.nlargest(int(found["flagged"].sum()), "score")["cel"]

    assert set(top) == set(found.loc[found["flagged"], "cell"])
    assert audit.gate().code == 1
    assert 55 == len(audit.answers)
    assert 'lang="nl"' in page.read_text()


@pytest.mark.slow
def test_a_fitted_estimator_is_scored(city: Path) -> None:
    """It goes through a skops file, as on the command line."""
    rows = np.random.default_rng(1).random((200, 12))
    model = LogisticRegression().fit(rows, rows[:, 0] > 0.5)
    config = plain(city, AREA, test_weeks=8, train_weeks=8)
    del config["sources"]["forecasts"]
    config["sources"]["incidents"] = {"contract": "incidents"}
    config["channels"] = ["brought"]
    incidents = pd.read_csv(city / "feed/incidents.csv", dtype=str)
    audit = cas_audit.audit(model, incidents, areas(city), config)
    described = read_json(audit.folder / "dossier/model/parameters.json")

    assert "skops" == described["model"]
    assert (audit.folder / "dossier/model/scores.json").is_file()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("forecasts", [1, 2], "forecasts are of type list; expected a DataFrame or a fitted"),
        ("areas", pd.DataFrame({"buurtcode": ["A"]}), "no outlines in a known CRS"),
        ("areas", None, "areas"),
        ("incidents", pd.DataFrame({"x": [1]}), "sources.incidents has no contract"),
        (
            "forecasts",
            pd.DataFrame({"buurtcode": ["A", "B"], "n": [1, {"geheim": 2}]}),
            "of no one type",
        ),
    ],
    ids=["list", "frame", "none", "unasked", "mixed"],
)
def test_what_cannot_be_audited_is_named(city: Path, name: str, value: Any, said: str) -> None:
    """By what it is, never by what it holds."""
    tables: dict[str, Any] = {
        "forecasts": pd.DataFrame({"buurtcode": ["BU99990001"], "n": [1]}),
        "incidents": None,
        "areas": areas(city),
        name: value,
    }

    with pytest.raises(CasAuditError, match=said) as caught:
        cas_audit.audit(
            tables["forecasts"], tables["incidents"], tables["areas"], plain(city, AREA)
        )
    assert isinstance(caught.value, ConfigError | InputError)
    assert "geheim" not in str(caught.value)


def test_a_policy_is_looked_for_beside_the_configuration(city: Path) -> None:
    """Not beside the copy of the configuration that is audited."""
    table = pd.DataFrame({"buurtcode": ["BU99990001"], "n": [1]})
    path = write(city, "own", table, AREA)
    write_json(path, {**json.loads(path.read_text()), "policy": "nowhere.yaml"})

    with pytest.raises(InputError, match=str(city / "nowhere.yaml")):
        cas_audit.audit(table, None, areas(city), path)


@pytest.mark.slow
def test_a_configuration_is_a_path_a_dictionary_or_loaded(city: Path) -> None:
    """Each gives the same forecasts; paths in it hold from where it stands."""
    codes = sorted(areas(city)["buurtcode"])
    table = pd.DataFrame({"buurtcode": codes, "n": range(len(codes))})
    path = write(city, "three", table, AREA, flagged_share=0.4)
    found = [
        cas_audit.audit(table, None, areas(city), config) for config in (path, load_config(path))
    ]
    one, other = (pd.read_parquet(audit.folder / "dossier/forecasts.parquet") for audit in found)

    assert one.equals(other)


@pytest.mark.slow
def test_the_notebook_runs_as_it_stands(tmp_path: Path) -> None:
    """Its cells one after another, in a new process; and it is kept without outputs."""
    cells = read_json(NOTEBOOK)["cells"]
    code = ["".join(one["source"]) for one in cells if one["cell_type"] == "code"]
    program = "\n".join(code) + "\nassert decided.code == 1 and page.stat().st_size > 100_000\n"
    (tmp_path / "notebook.py").write_text(program)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "notebook.py")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == done.stderr
    assert 0 == done.returncode
    assert len(code) > 4
    assert [] == [one for one in cells if one.get("outputs")]


def test_nothing_is_left_of_an_audit_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that would hold the result is gone, also after an error."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "made").mkdir()
    with pytest.raises(InputError):
        in_memory._keep(tmp_path / "made")  # noqa: SLF001 - no way in leads to this end

    assert [] == list((tmp_path / "temporary").iterdir())
