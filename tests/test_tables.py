"""Every table that may come in besides incidents: from source to dossier, receipt and suite."""

from pathlib import Path

import pandas as pd
import pytest

from cas_audit.config import Source
from cas_audit.errors import ContractError
from cas_audit.files import read_json
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.quality import Quality
from cas_audit.ingest.retention import years_allowed
from cas_audit.ingest.step import ingest
from tests.test_ingest import WORDS, config, feed, raw

__all__ = ["feed", "raw"]

DAY = "2025-11-05"
TABLES = {
    "decisions": {"besluitdatum": DAY, "thema": "woninginbraak", "besluit": "gevolgd"},
    "survey": {"thema": "woninginbraak", "ondervraagden": "40", "gemeld_procent": "72,5"},
    "patrols": {"dag": DAY, "uren": "12"},
    "complaints": {"ontvangen": DAY},
    "stops": {"dag": DAY},
}
KEPT = {
    "decisions": {"week": "2025-11-03", "theme": "home_burglary", "decision": "followed"},
    "survey": {"theme": "home_burglary", "respondents": "80.0", "reported_share": "0.725"},
    "patrols": {"week": "2025-11-03", "hours": "24.0"},
    "complaints": {"week": "2025-11-03", "count": "2.0"},
    "stops": {"week": "2025-11-03", "count": "2.0"},
}


def place(feed: Path, table: str) -> dict[str, str]:
    """Return the place of a row, as the table's source writes it."""
    if table != "stops":
        return {"buurtcode": "BU99990003"}
    suspects = pd.read_parquet(feed / "suspects.parquet")
    return {"x_rd": str(suspects["x_rd"][5] + 17.3), "y_rd": str(suspects["y_rd"][5] - 9.1)}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_comes_in_as_counts(
    feed: Path, tmp_path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows become one; what no contract lists is refused; the suite finds too little only."""
    (feed / "feed.json").unlink()
    rows = [{**place(feed, table), **TABLES[table], "naam": "KANARIE"}] * 2
    pd.DataFrame(rows).to_csv(feed / f"{table}.csv", index=False, sep=";")
    contract = load_contract(table)
    dialect = contract.dialect.model_copy(
        update={"decimal": "," if table == "survey" else ".", "delimiter": ";"}
    )
    local = contract.model_copy(update={"dialect": dialect})
    monkeypatch.setattr(
        "cas_audit.ingest.step.load_contract",
        lambda name: local if name == table else load_contract(name),
    )
    plain = config(feed)
    source = {table: Source(path=str(feed / f"{table}.csv"), contract=table)}
    ingest(
        plain.model_copy(update={"sources": plain.sources.model_copy(update=source)}),
        tmp_path / "dossier",
    )
    kept = pd.read_parquet(tmp_path / f"dossier/data/{table}.parquet").astype(str).iloc[0]
    receipt = read_json(tmp_path / f"dossier/ingest/{table}.receipt.json")
    found = read_json(tmp_path / f"dossier/ingest/{table}.validation.json")["results"]
    failed = {one["expectation"] for one in found if one["success"] is False}
    cover = {f"expect_column_{one}" for one in ("to_cover_areas", "to_cover_weeks")}

    assert KEPT[table] == {key: kept[key] for key in KEPT[table]}
    assert ["naam"] == receipt["refused_columns"]
    assert failed <= {*cover, "expect_column_newest_week_to_be_recent"}
    assert not any(one["broken"] for one in found)


def column(contract: Contract, **changes: object) -> dict[str, object]:
    """Return a contract as plain data with its last column changed."""
    plain = contract.model_dump(mode="json")
    plain["columns"][-1].update(changes)
    return plain


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "toelichting"}, "named like free text"),
        ({"name": "BSN_"}, "named like a citizen service number"),
        ({"type": "free_text"}, "channel|recorded|cannot be of type"),
        ({"special_category": "health"}, "special category"),
        ({"role": "hours", "type": "number"}, "no use for: hours"),
        ({"ground": "omdat het kan"}, "ground"),
    ],
)
def test_a_contract_says_why_or_does_not_load(changes: dict[str, object], said: str) -> None:
    """Free text, special categories and suspicious names need a reason in both languages."""
    with pytest.raises(ValueError, match=said):
        Contract.model_validate(column(load_contract("incidents"), **changes))


def test_a_reason_lets_it_in() -> None:
    """It stands in the contract, and so in the dossier."""
    why = {"nl": "nodig om x", "en": "needed for x"}
    plain = column(load_contract("incidents"), name="toelichting", why=why)

    assert Contract.model_validate(plain).columns[-1].name == "toelichting"


@pytest.mark.parametrize(
    ("regime", "compared", "years"),
    [("wpg_8", False, 1), ("wpg_8", True, 5), ("wpg_13", False, 5), ("open_data", False, 5)],
)
def test_years_follow_the_regime(feed: Path, regime: str, compared: bool, years: int) -> None:
    """Under Wpg 8 one year, or five where it is written down what is compared."""
    chosen = config(feed, regime=regime, comparison=WORDS if compared else None)

    assert years == years_allowed(chosen, load_contract("incidents"))


def test_too_old_is_refused_and_no_defect(feed: Path, tmp_path: Path) -> None:
    """However many: an old archive is no fault of the source."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    old = pd.Series(table.index % 4 == 0)
    moment = table["pleegmoment"].mask(old, "2024-12-30T10:00")
    (feed / "feed.json").unlink()
    table.assign(pleegmoment=moment).to_csv(feed / "incidents.csv", index=False)
    ingest(config(feed, comparison=None), tmp_path / "dossier")
    receipt = read_json(tmp_path / "dossier/ingest/incidents.receipt.json")
    asked = (table["feitcode"] == "woninginbraak") & (table["melding"] == "aangifte")
    expected = (asked & old & (table["x_rd"].astype(float) > 0)).sum()

    assert receipt["refused"]["older_than_retention"]["count"] == expected
    assert receipt["retention_years"] == 1


def test_quality_is_that_of_a_plain_count(feed: Path, tmp_path: Path) -> None:
    """Rows, default places, unread moments, duplicates and lags, against pandas on the raw feed."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    (feed / "feed.json").unlink()
    doubled = pd.concat([table, table.iloc[100:130]])
    doubled.to_csv(feed / "incidents.csv", index=False)
    ingest(config(feed), tmp_path / "dossier")
    found = pd.read_parquet(tmp_path / "dossier/data/quality.parquet")
    asked = doubled[doubled["feitcode"] == "woninginbraak"]
    nowhere = (asked["x_rd"].astype(float) == 0).sum()
    lag = (
        pd.to_datetime(asked["registratiedatum"])
        - pd.to_datetime(asked["pleegmoment"], errors="coerce").dt.normalize()
    )
    somewhere = asked[asked["x_rd"].astype(float) != 0]
    sums = found.groupby("kind")["count"].sum()

    assert len(asked) == sums["rows"]
    assert nowhere == sums["default_place"]
    assert (asked["pleegmoment"] == "onbekend").sum() == sums["no_moment"]
    assert lag.dt.days.between(2, 7).sum() == sums["lag_2_7_days"]
    exact = ["x_rd", "y_rd", "pleegmoment"]
    assert somewhere.duplicated(exact).sum() == sums["duplicate"]


@pytest.mark.parametrize("told", [True, False])
def test_rows_without_a_place_have_the_area_that_the_source_names(
    feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    """So that lost places can be compared between areas; the place of the others decides."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str).assign(buurtcode="BU99990003")
    (feed / "feed.json").unlink()
    table.to_csv(feed / "incidents.csv", index=False)
    contract, area = (load_contract(name) for name in ("incidents", "patrols"))
    column = area.column("area")
    columns = [*contract.columns, *([column] if told and column else [])]
    local = contract.model_copy(update={"columns": columns})
    monkeypatch.setattr(
        "cas_audit.ingest.step.load_contract",
        lambda name: local if name == "incidents" else load_contract(name),
    )
    ingest(config(feed), tmp_path / "dossier")
    found = pd.read_parquet(tmp_path / "dossier/data/quality.parquet")
    lost = found[found["kind"] == "default_place"]

    assert {"BU99990003" if told else None} == set(lost["area"].replace({float("nan"): None}))
    assert len(found[found["kind"] == "rows"]["area"].dropna().unique()) > 5


def test_it_is_counted_on_what_a_record_rests(
    feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the contract names as heard, seen or judged; what it does not name is unknown."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    table["grondslag"] = ["verklaring", "vermoeden", "anders"] * (len(table) // 3) + [
        "verklaring"
    ] * (len(table) % 3)
    (feed / "feed.json").unlink()
    table.to_csv(feed / "incidents.csv", index=False)
    contract = load_contract("incidents")
    channel = contract.column("channel")
    assert channel
    values = {"verklaring": "heard", "waarneming": "seen", "vermoeden": "judged"}
    column = channel.model_copy(update={"name": "grondslag", "role": "basis", "values": values})
    local = contract.model_copy(update={"columns": [*contract.columns, column]})
    monkeypatch.setattr(
        "cas_audit.ingest.step.load_contract",
        lambda name: local if name == "incidents" else load_contract(name),
    )
    ingest(config(feed), tmp_path / "dossier")
    asked = table[table["feitcode"] == "woninginbraak"]["grondslag"].value_counts()
    found = pd.read_parquet(tmp_path / "dossier/data/quality.parquet")
    sums = found.groupby("kind")["count"].sum()

    assert asked["verklaring"] == sums["heard"]
    assert asked["vermoeden"] == sums["judged"]
    assert asked["anders"] == sums["basis_unknown"]
    assert "seen" not in sums


def test_a_heap_is_twenty_rows_at_one_point(feed: Path, tmp_path: Path) -> None:
    """Such as a police station that stands for an unknown place."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    burglary = table.index[table["feitcode"] == "woninginbraak"][50:75]
    table.loc[burglary, ["x_rd", "y_rd"]] = table.loc[burglary[0], ["x_rd", "y_rd"]].to_numpy()
    (feed / "feed.json").unlink()
    table.to_csv(feed / "incidents.csv", index=False)
    ingest(config(feed), tmp_path / "dossier")
    found = pd.read_parquet(tmp_path / "dossier/data/quality.parquet")

    assert found[found["kind"] == "heap"]["count"].sum() == 25


def test_a_receipt_counts_by_area(feed: Path, tmp_path: Path) -> None:
    """By rule, in tens; what is under five is hidden, and rows without an area come last."""
    ingest(config(feed), tmp_path / "dossier")
    receipt = read_json(tmp_path / "dossier/ingest/incidents.receipt.json")
    areas = receipt["areas"]
    rows = [{**one, **one["left_out"], **one["refused"]} for one in areas]
    names = ("offered", "admitted", "theme_not_asked", "no_readable_moment")
    counts = [one[name] for one in rows for name in names if name in one]

    assert areas[-1]["area"] is None
    assert "outside_the_areas" in areas[-1]["refused"]
    assert receipt["areas_in"] == 10
    assert {"theme_not_asked", "channel_not_asked"} == set(areas[0]["left_out"])
    assert len(areas) > 5
    assert {0} == {count % 10 for count in counts if count is not None}


def test_nothing_counted_is_no_quality() -> None:
    """An empty table has the columns all the same."""
    assert Quality(["a"], ["b"]).table().column_names == ["kind", "area", "week", "theme", "count"]


def test_a_contract_of_another_table_is_refused(feed: Path, tmp_path: Path) -> None:
    """Patrols cannot come in as stops."""
    plain = config(feed)
    source = {"stops": Source(path=str(feed / "suspects.parquet"), contract="patrols")}
    chosen = plain.model_copy(update={"sources": plain.sources.model_copy(update=source)})

    with pytest.raises(ContractError, match="contract for patrols; expected stops"):
        ingest(chosen, tmp_path / "dossier")
