"""The gate: what may not be used is never read, and bad input is named without its values."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cas_audit.config import Area, Config, Group, Purpose, Source, Sources, Text
from cas_audit.errors import ConfigError, ContractError, InputError
from cas_audit.files import read_json, tree
from cas_audit.ingest.contract import load_contract
from cas_audit.ingest.protect import show_tally
from cas_audit.ingest.sieve import Tally
from cas_audit.ingest.step import ingest
from cas_audit.ingest.values import read_moment
from cas_audit.simulate.feed import write_feed

WORDS = Text(nl="x", en="x")


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small raw feed, written once."""
    folder = tmp_path_factory.mktemp("city")
    write_feed(folder, seed=3, side=40, weeks=20, themes=("home_burglary", "drugs"))
    return folder / "feed"


@pytest.fixture
def feed(raw: Path, tmp_path: Path) -> Path:
    """Return a copy of the feed that a test may spoil."""
    return Path(shutil.copytree(raw, tmp_path / "feed"))


def config(feed: Path, **changes: object) -> Config:
    """Return the configuration of an audit of the feed."""
    files = {"incidents": "incidents.csv", "areas": "areas.geojson", "suspects": "suspects.parquet"}
    sources = {name: Source(path=str(feed / file), contract=name) for name, file in files.items()}
    plain = Config(
        name="demo",
        version="1",
        title=WORDS,
        reference_date=date(2026, 1, 5),
        regime="wpg_8",
        comparison=WORDS,
        purpose=Purpose(goal=WORDS, action=WORDS),
        sources=Sources(**sources),
        themes=["home_burglary"],
        channels=["brought"],
        groups=[Group(name="born_outside_europe", reference="born_netherlands")],
    )
    return plain.model_copy(update=changes)


def spoil(feed: Path, **columns: Any) -> None:
    """Replace columns of the incidents; the feed no longer claims to be synthetic."""
    (feed / "feed.json").unlink(missing_ok=True)
    table = pd.read_csv(feed / "incidents.csv", dtype=str).assign(**columns)
    table.to_csv(feed / "incidents.csv", index=False)


def test_admitted_rows_are_those_a_plain_count_gives(feed: Path, tmp_path: Path) -> None:
    """Burglaries the public brought, with place and moment, all in week and cell."""
    ingest(config(feed), tmp_path / "dossier")
    table = pd.read_csv(feed / "incidents.csv")
    wanted = table[(table["feitcode"] == "woninginbraak") & (table["melding"] == "aangifte")]
    wanted = wanted[(wanted["x_rd"] > 0) & (wanted["pleegmoment"] != "onbekend")]
    found = pd.read_parquet(tmp_path / "dossier/data/incidents.parquet")

    assert len(wanted) == found["count"].sum()
    assert {"cell", "week", "theme", "channel", "count"} == set(found.columns)
    assert {0} == set(found["week"].dt.day_of_week)


def test_refused_values_are_nowhere_in_the_dossier(feed: Path, tmp_path: Path) -> None:
    """A canary in every refused column is found in no file."""
    canary = "KANARIE7"
    names = pd.read_csv(feed / "incidents.csv", nrows=0).columns
    admitted = {"x_rd", "y_rd", "pleegmoment", "feitcode", "melding", "registratiedatum"}
    spoil(feed, **dict.fromkeys(set(names) - admitted, canary))
    ingest(config(feed), tmp_path / "dossier")
    files = [tmp_path / "dossier" / name for name in tree(tmp_path / "dossier")]

    assert len(files) > 10
    assert [] == [path.name for path in files if canary.encode() in path.read_bytes()]


def test_residents_are_spread_and_none_is_lost(feed: Path, tmp_path: Path) -> None:
    """The sum over cells is the sum over areas, per group and in all."""
    ingest(config(feed), tmp_path / "dossier")
    spread = pd.read_parquet(tmp_path / "dossier/data/residents.parquet")
    areas = pd.json_normalize(read_json(feed / "areas.geojson")["features"])

    assert pytest.approx(areas["properties.inwoners"].sum()) == spread["residents"].sum()
    assert (
        pytest.approx(areas["properties.herkomst_buiten_europa"].sum())
        == spread["born_outside_europe"].sum()
    )


def test_origin_is_synthetic_only_with_an_unchanged_feed(feed: Path, tmp_path: Path) -> None:
    """Without the record it is observed; with a changed file nothing is admitted."""
    ingest(config(feed), tmp_path / "one")
    (feed / "feed.json").rename(feed / "other.json")
    ingest(config(feed), tmp_path / "two")
    said = [read_json(tmp_path / name / "ingest/origin.json")["origin"] for name in ("one", "two")]
    (feed / "other.json").rename(feed / "feed.json")
    with (feed / "incidents.csv").open("a") as stream:
        stream.write("\n")

    assert ["synthetic", "observed"] == said
    with pytest.raises(InputError, match="unchanged feed"):
        ingest(config(feed), tmp_path / "three")


def test_a_misspelt_column_is_named_and_no_value_is(feed: Path, tmp_path: Path) -> None:
    """The sentence names the file and the column that was expected."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    table.rename(columns={"melding": "meldng"}).to_csv(feed / "incidents.csv", index=False)

    with pytest.raises(ContractError, match=r"incidents\.csv: no column melding .* close to it"):
        ingest(config(feed), tmp_path / "dossier")


def test_swapped_axes_are_recognised(feed: Path, tmp_path: Path) -> None:
    """Most points fit when exchanged, and the sentence says so."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    spoil(feed, x_rd=table["y_rd"], y_rd=table["x_rd"])

    with pytest.raises(ContractError, match="swapped"):
        ingest(config(feed), tmp_path / "dossier")


def test_too_many_refused_rows_end_the_ingest(feed: Path, tmp_path: Path) -> None:
    """The rule and the share are named."""
    spoil(feed, pleegmoment="gisteren")

    with pytest.raises(ContractError, match=r"100\.0% .* no_readable_moment"):
        ingest(config(feed), tmp_path / "dossier")


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\xff\xfe\x00"])
def test_empty_or_broken_files_are_input_errors(feed: Path, tmp_path: Path, content: bytes) -> None:
    """A file without rows, without columns, or that is no text."""
    (feed / "incidents.csv").write_bytes(content)
    (feed / "feed.json").unlink()

    with pytest.raises(InputError, match=r"incidents\.csv"):
        ingest(config(feed), tmp_path / "dossier")


def test_a_truncated_parquet_is_an_input_error(feed: Path, tmp_path: Path) -> None:
    """Half a file is refused whole."""
    path = feed / "suspects.parquet"
    path.write_bytes(path.read_bytes()[:200])
    (feed / "feed.json").unlink()

    with pytest.raises(InputError, match=r"suspects\.parquet cannot be read as parquet"):
        ingest(config(feed), tmp_path / "dossier")


def test_an_unknown_group_is_a_config_error(feed: Path, tmp_path: Path) -> None:
    """The known ones are named."""
    chosen = [Group(name="martians")]

    with pytest.raises(ConfigError, match="born_europe"):
        ingest(config(feed, groups=chosen), tmp_path / "dossier")


def test_old_records_are_left_out(feed: Path, tmp_path: Path) -> None:
    """Age is measured against the reference date, by the shortest retention."""
    spoil(feed, pleegmoment="2019-05-06T12:00")

    with pytest.raises(ContractError, match="no row was admitted"):
        ingest(config(feed), tmp_path / "dossier")


def test_a_lone_small_count_hides_the_total_too() -> None:
    """Or it would follow by subtraction."""
    shown = show_tally(Tally(100, {"a": 3}, {"b": 20}))

    assert {"count": None, "suppressed": True} == shown["admitted"].model_dump()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("told", "held"), [(None, None), (0, True), (1, False)])
def test_rows_are_reconciled_with_what_the_deliverer_says(
    feed: Path, tmp_path: Path, told: int | None, held: bool | None
) -> None:
    """A row too few fails; a total that nobody states is not asked; all else holds."""
    number = len(pd.read_csv(feed / "incidents.csv"))
    plain = config(feed)
    total = None if told is None else number + told
    assert plain.sources.incidents is not None
    source = plain.sources.incidents.model_copy(update={"control_total": total})
    sources = plain.sources.model_copy(update={"incidents": source})
    ingest(plain.model_copy(update={"sources": sources}), tmp_path / "dossier")
    found = read_json(tmp_path / "dossier/ingest/incidents.validation.json")
    total_row = [one for one in found["results"] if one["expectation"].endswith("control_total")]
    others = {one["success"] for one in found["results"] if one not in total_row}

    assert [held] == [one["success"] for one in total_row]
    assert {True} == others
    assert found["success"] is (held is not False)


def test_what_is_not_fatal_is_counted(feed: Path, tmp_path: Path) -> None:
    """Rows elsewhere or without a date, an empty week, an area where nobody lives."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    moment = table["pleegmoment"].mask(table.index < 7, "ergens in mei")
    empty = moment.between("2025-10-06", "2025-10-13T00")
    (feed / "feed.json").unlink()
    table.assign(
        pleegmoment=moment, x_rd=table["x_rd"].mask(table.index.isin(range(7, 16)), "250000")
    )[~empty].to_csv(feed / "incidents.csv", index=False)
    areas = json.loads((feed / "areas.geojson").read_text())
    nobody = areas["features"][0]["properties"]
    inhabited = sum(one["properties"]["inwoners"] > 0 for one in areas["features"]) - 1
    names = ("inwoners", "herkomst_nederland", "herkomst_europa", "herkomst_buiten_europa")
    nobody.update(dict.fromkeys(names, 0))
    (feed / "areas.geojson").write_text(json.dumps(areas))
    plain = ingest_counts(config(feed, max_refused_share=0.05), tmp_path / "dossier")

    assert plain["refused"]["no_readable_moment"] >= 7
    assert plain["refused"]["outside_the_areas"] >= 9
    assert plain["weeks_without_incidents"] == 1
    assert plain["areas_without_residents"] == plain["areas"] - inhabited


def ingest_counts(chosen: Config, dossier: Path) -> dict[str, Any]:
    """Ingest, and return the quality counts with those of the incidents' receipt."""
    ingest(chosen, dossier)
    quality = read_json(dossier / "data/quality.json")
    receipt = read_json(dossier / "ingest/incidents.receipt.json")
    shown = {rule: count["count"] for rule, count in receipt["refused"].items()}

    assert shown == {
        rule: None if 0 < count < 5 else count
        for rule, count in quality["incidents"]["refused"].items()
    }
    areas = read_json(dossier / "data/areas.json")
    return {**quality, **areas, "refused": quality["incidents"]["refused"]}


def test_an_identifier_in_a_count_is_refused(feed: Path, tmp_path: Path) -> None:
    """The row does not come in; the kind is counted, the value is nowhere."""
    (feed / "feed.json").unlink()
    table = pd.read_parquet(feed / "suspects.parquet")
    table.loc[:6, "aantal_verdachten"] = 999990019
    table.to_parquet(feed / "suspects.parquet")
    ingest(config(feed), tmp_path / "dossier")
    receipt = read_json(tmp_path / "dossier/ingest/suspects.receipt.json")
    found = pd.read_parquet(tmp_path / "dossier/data/suspects.parquet")

    assert receipt["refused"]["looks_like_bsn"]["count"] == 7
    assert found["suspects"].max() < 1000


def test_an_identifier_in_an_area_code_ends_the_ingest(feed: Path, tmp_path: Path) -> None:
    """Column and kind are named; the value is not."""
    (feed / "feed.json").unlink()
    areas = json.loads((feed / "areas.geojson").read_text())
    areas["features"][0]["properties"]["buurtcode"] = "iemand@example.org"
    (feed / "areas.geojson").write_text(json.dumps(areas))

    with pytest.raises(ContractError, match=r"column buurtcode holds .* look like email") as error:
        ingest(config(feed), tmp_path / "dossier")
    assert "iemand" not in str(error.value)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("herkomst_europa", -5, "a group below zero or larger"),
        ("herkomst_europa", 10**7, "a group below zero or larger"),
        ("inwoners", -1, "a group below zero or larger"),
    ],
)
def test_impossible_figures_of_groups_end_the_ingest(
    feed: Path, tmp_path: Path, column: str, value: int, said: str
) -> None:
    """A part is no larger than the whole, and nobody lives there less than nobody."""
    (feed / "feed.json").unlink()
    areas = json.loads((feed / "areas.geojson").read_text())
    areas["features"][1]["properties"][column] = value
    (feed / "areas.geojson").write_text(json.dumps(areas))

    with pytest.raises(ContractError, match=said):
        ingest(config(feed), tmp_path / "dossier")


@pytest.mark.parametrize(
    ("column", "known", "counted"),
    [
        ("herkomst_buiten_europa", {"residents", "born_europe", "born_netherlands"}, (0, 1)),
        ("inwoners", set(), (1, 0)),
    ],
)
def test_an_area_without_a_figure_is_not_taken_for_zero(
    feed: Path, tmp_path: Path, column: str, known: set[str], counted: Any
) -> None:
    """What is known of it stays, what is not is missing; without residents no group is known."""
    (feed / "feed.json").unlink()
    areas = json.loads((feed / "areas.geojson").read_text())
    ingest(config(feed), tmp_path / "before")
    full = next(one["properties"] for one in areas["features"] if one["properties"]["inwoners"])
    full[column] = None
    (feed / "areas.geojson").write_text(json.dumps(areas))
    ingest(config(feed), tmp_path / "dossier")
    cells = pd.read_parquet(tmp_path / "dossier/data/cells.parquet")
    residents = pd.read_parquet(tmp_path / "dossier/data/residents.parquet")
    here = (cells["area"] == full["buurtcode"]).to_numpy()
    figures = residents.drop(columns="cell").replace({"residents": {0.0: np.nan}})
    before, after = (
        read_json(tmp_path / name / "data/areas.json") for name in ("before", "dossier")
    )
    kinds = ("areas_without_residents", "areas_without_figures")

    assert known == set(figures.columns[figures[here].notna().all()])
    assert residents[~here].notna().all(axis=None)
    assert counted == tuple(after[kind] - before[kind] for kind in kinds)


def test_an_area_where_nobody_lives_has_nobody_of_any_group(feed: Path, tmp_path: Path) -> None:
    """A percentage of nobody is often left blank; that is a known zero."""
    (feed / "feed.json").unlink()
    areas = json.loads((feed / "areas.geojson").read_text())
    areas["features"][1]["properties"] |= {"inwoners": 0, "herkomst_europa": None}
    for name in ("herkomst_nederland", "herkomst_buiten_europa"):
        areas["features"][1]["properties"][name] = 0
    (feed / "areas.geojson").write_text(json.dumps(areas))
    ingest(config(feed), tmp_path / "dossier")

    assert pd.read_parquet(tmp_path / "dossier/data/residents.parquet").notna().all(axis=None)


def test_fifths_of_a_group_are_named_for_the_checks(feed: Path, tmp_path: Path) -> None:
    """The contract's label goes along; the fifths themselves follow from figures and areas."""
    chosen = [
        Group.model_validate({"name": "born_europe", "reference": against, "as": "fifths"})
        for against in ("lowest", "others")
    ]
    ingest(config(feed, groups=chosen), tmp_path / "dossier")
    lowest, others = read_json(tmp_path / "dossier/data/groups.json")["groups"]

    assert "born_europe_lowest_fifth" == lowest["reference"]
    assert "others" == others["reference"]
    assert {"born_europe_highest_fifth"} == {lowest["name"], others["name"]}
    assert lowest["label"] == lowest["reference_label"] != others["reference_label"]


def test_an_area_smaller_than_a_cell_is_counted(feed: Path, tmp_path: Path) -> None:
    """Its residents are in no cell, so it must not go unseen."""
    (feed / "feed.json").unlink()
    areas = json.loads((feed / "areas.geojson").read_text())
    spot = json.loads(json.dumps(areas["features"][0]))
    west, south = 4.0, 52.0
    ring = [[west, south], [west + 1e-5, south], [west, south + 1e-5], [west, south]]
    spot["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    spot["properties"]["buurtcode"] = "BU99999999"
    areas["features"].append(spot)
    (feed / "areas.geojson").write_text(json.dumps(areas))
    ingest(config(feed), tmp_path / "dossier")

    assert read_json(tmp_path / "dossier/data/areas.json")["areas_without_cells"] == 1


def test_an_unknown_crs_is_named(feed: Path, tmp_path: Path) -> None:
    """In the configuration as in a contract."""
    chosen = config(feed, area=Area(crs="EPSG:1"))

    with pytest.raises(ContractError, match="unknown crs EPSG:1"):
        ingest(chosen, tmp_path / "dossier")


MOMENTS = {
    "2025-01-08T17:30": "2025-01-08 17:30",
    "2025-01-08T17:30:15.5": "2025-01-08 17:30:15.5",
    "2025-01-08T17:30+01:00": "2025-01-08 17:30",
    "2025-07-08T17:30:10+0200": "2025-07-08 17:30:10",
    "2025-01-08T17:30Z": None,
    "2025-01-08": "2025-01-08 00:00",
    "08-01-2025": None,
    "onbekend": None,
}


def test_moments_are_those_of_the_clock_on_the_spot() -> None:
    """An offset is dropped; universal time, which is another clock, is not readable here."""
    table = pd.DataFrame({"pleegmoment": list(MOMENTS)})
    found = read_moment(pa.Table.from_pandas(table), load_contract("incidents"))
    expected = pd.to_datetime(pd.Series(list(MOMENTS.values())), format="ISO8601")

    assert expected.astype("datetime64[us]").equals(pd.Series(found))


def test_an_hour_is_between_0_and_23() -> None:
    """1430 is no hour, and would move the incident by two months."""
    plain = load_contract("incidents")
    place = [one for one in plain.columns if one.role != "moment"]
    day, hour = (
        plain.columns[0].model_copy(update={"name": role, "role": role, "type": kind})
        for role, kind in (("date", "date"), ("hour", "integer"))
    )
    contract = plain.model_copy(update={"columns": [*place, day, hour]})
    table = pd.DataFrame({"date": ["2025-01-08"] * 3, "hour": ["23", "1430", "-1"]})
    found = read_moment(pa.Table.from_pandas(table), contract)

    assert [False, True, True] == np.isnat(found).tolist()
