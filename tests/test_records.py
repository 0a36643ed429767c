"""Records of an organisation's own work: only numbers leave the child."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from cas_audit.config import Source
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.records import admit_records
from cas_audit.ingest.sources import Asked, Read, read_tables
from tests.test_sources import GROUND, QUESTION

Table = dict[str, list[Any]]
ACCESS: Table = {
    "account": ["Jan", "jan ", "an", "fax", "els", ""],
    "rol": ["ontwikkelaar", "vrijgever", "vrijgever", "beheerder", "gebruiker", "gebruiker"],
    "soort": ["persoonlijk"] * 3 + ["gedeeld"] + ["persoonlijk"] * 2,
    "eigenaar": [""] * 6,
    "toegekend_op": ["2020-01-01"] * 2 + ["2025-12-30"] + ["2020-01-01"] * 3,
    "laatst_gebruikt": ["2026-01-04"] * 6,
    "laatst_beoordeeld": ["2025-11-20", "2023-01-01", "", "2026-02-01", "2025-12-30", ""],
    "dienstverband": ["in_dienst"] * 4 + ["uit_dienst"] * 2,
}
CHANGES: Table = {
    "auteur": ["an", "an", "bo", "cas"],
    "beoordelaar": ["bo", "AN", "", "an"],
    "vrijgever": ["cas", "cas", "", "cas"],
    "besloten_op": ["2025-12-20"] * 4,
    "tests": ["geslaagd", "", "mislukt", "geslaagd"],
    "versie": ["v1", "v1", "", "v2"],
}
RESTORES: Table = {
    "datum": ["2025-12-20", "2025-06-20", "2025-06-21"],
    "hersteld": ["ja", "ja", "nee"],
    "opnieuw_berekend": ["ja", "nee", "ja"],
    "zelfde_digests": ["ja", "ja", "ja"],
}
LOG: Table = {
    "moment": ["2025-12-01T10:00", "2025-12-01T09:30", "2025-12-03T10:00", "2025-12-02T10:00"],
    "nummer": [1, 2, 4, 5],
    "digest": ["a1", "b2", "c3", "d4"],
    "vorige_digest": ["", "a1", "b2", "x"],
}
TOLD = {
    "access": {
        "rights": 5, "accounts": 4, "in_service": 4, "left": 1, "reviewed": 4, "never_reviewed": 0,
        "used": 4, "never_used": 0, "impersonal": 1, "unowned": 1, "developers": 1, "approvers": 2,
        "both_duties": 1,
    },
    "changes": {
        "changes": 4, "by_author": 1, "without_reviewer": 1, "released": 3, "released_untested": 1,
        "versions": 2, "versions_by_author": 1, "versions_without_approver": 0,
    },
    "restores": {"trials": 3, "restored": 2, "rescored": 1, "same": 1},
    "log": {"entries": 4, "back": 1, "gaps": 1, "broken_link": 1},
}  # fmt: skip
TABLES: dict[str, Table] = {
    "access": ACCESS,
    "changes": CHANGES,
    "restores": RESTORES,
    "log": LOG,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """Read every table in one child."""
    folder = tmp_path_factory.mktemp("records")
    for name, table in TABLES.items():
        pd.DataFrame(table).to_csv(folder / f"{name}.csv", index=False)
    asked = [
        Asked(
            Source(path=str(folder / f"{name}.csv"), contract=name), load_contract(name), QUESTION
        )
        for name in TABLES
    ]
    return dict(zip(TABLES, read_tables(asked, GROUND), strict=True))


@pytest.mark.parametrize("name", TABLES)
def test_a_record_comes_in_as_numbers(found: dict[str, Read], name: str) -> None:
    """What was seen and how often; a kind of which there are none is told too."""
    table = found[name].table
    told = table.groupby("kind")["count"].sum().astype(int).to_dict()

    assert ["kind", "months", "count"] == list(table)
    assert TOLD[name] == told


def test_months_are_counted_back_from_the_reference_date(found: dict[str, Read]) -> None:
    """A right that was granted last week is as good as reviewed; a review to come is none."""
    table = found["access"].table.set_index("kind")
    reviewed = table.loc["reviewed"].groupby("months")["count"].sum().to_dict()

    assert {1: 1.0, 2: 1.0, 37: 1.0, 73: 1.0} == reviewed


def test_a_row_of_nobody_is_refused(found: dict[str, Read]) -> None:
    """An account without a name cannot be told from another."""
    assert {"unreadable_record": 1} == found["access"].tally.refused


def test_no_name_leaves_the_child(found: dict[str, Read]) -> None:
    """Neither a name, nor a number made of one, nor a version or digest."""
    said = "".join(f"{one.table.to_csv()}{one.tally}{one.offered}" for one in found.values())

    assert not {"Jan", "jan", "bo,", "a1", "v1,"} & set(said.split())
    assert "fax" not in said
    assert all("uint" not in str(kind) for one in found.values() for kind in one.table.dtypes)


def totals(name: str, table: Table) -> dict[str, int]:
    """Return what a record tells, by kind."""
    pieces = [pa.Table.from_pandas(pd.DataFrame(table), preserve_index=False)]
    found, _ = admit_records(pieces, load_contract(name), QUESTION)
    counts = found.to_pandas().groupby("kind")["count"].sum()
    return {str(kind): int(number) for kind, number in counts.items()}


def test_who_wrote_is_read_from_every_row() -> None:
    """Also from one that does not say who released; a version released by nobody is told."""
    rows = {key: value[:3] for key, value in CHANGES.items()}
    rows |= {"auteur": ["an", "bo", "an"], "vrijgever": ["", "an", ""], "versie": ["x", "x", "y"]}
    told = totals("changes", rows)

    assert (2, 1, 1) == tuple(
        told[f"versions{kind}"] for kind in ("", "_by_author", "_without_approver")
    )


@pytest.mark.parametrize(
    ("digest", "previous", "broken"),
    [("    ", "    ", 4), ("a cd", " a c", 2), ("abcd", " a c", 1), ("abcd", " abc", 0)],
)
def test_a_blank_digest_ties_an_entry_to_nothing(digest: str, previous: str, broken: int) -> None:
    """Two blanks are alike and prove nothing; only the first entry has none before it."""
    told = totals("log", {**LOG, "digest": list(digest), "vorige_digest": list(previous)})

    assert broken == told["broken_link"]


def test_a_digest_is_compared_to_the_letter() -> None:
    """It is no name: another case is another digest, and no word in it stands for nobody."""
    chain = {"digest": ["NA", "b2", "c3", "d4"], "vorige_digest": ["", "NA", "B2", "c3"]}

    assert 1 == totals("log", {**LOG, **chain})["broken_link"]


@pytest.mark.parametrize(
    "other", ["JOSE\u0301 BOS", "jos\u00e9  bos", "jos\u00e9\u00a0bos", "jos\u00e9\u200b bos\u200d"]
)
def test_no_form_of_a_name_makes_another_person(other: str) -> None:
    """Nor an accent of its own, nor a blank or a sign that is not seen."""
    told = totals(
        "changes", {**CHANGES, "auteur": ["jos\u00e9 bos"] * 4, "beoordelaar": [other] * 4}
    )

    assert 4 == told["by_author"]


@pytest.mark.parametrize("nobody", ["-", "N.v.t.", "geen", "Auto-merge", "n/a", "\u200b", "?"])
def test_a_placeholder_is_nobody(nobody: str) -> None:
    """What fills a field that must be filled has reviewed nothing."""
    told = totals("changes", {**CHANGES, "beoordelaar": [nobody] * 4})

    assert 4 == told["without_reviewer"]


def test_a_name_of_staff_needs_a_reason() -> None:
    """A contract says why a name comes in, or does not load."""
    plain = load_contract("access").model_dump(mode="json")
    del plain["columns"][0]["why"]

    with pytest.raises(ValueError, match="name of a member of staff"):
        Contract.model_validate(plain)


def test_a_contract_may_ask_for_less(tmp_path: Path) -> None:
    """What is not handed over is not counted, so that a check knows that it was not told."""
    plain = load_contract("access")
    less = [one for one in plain.columns if one.role in {"account", "duty", "reviewed"}]
    pd.DataFrame(ACCESS).to_csv(tmp_path / "a.csv", index=False)
    source = Source(path=str(tmp_path / "a.csv"), contract="access")
    asked = Asked(source, plain.model_copy(update={"columns": less}), QUESTION)
    [read] = read_tables([asked], GROUND)
    kinds = set(read.table["kind"])

    assert not {"left", "in_service", "unowned", "used"} & kinds
    assert {"never_reviewed", "both_duties"} <= kinds


def test_how_long_a_decision_took_leaves_as_a_band(tmp_path: Path) -> None:
    """What is no duration is refused."""
    plain = load_contract("decisions")
    words = {"role": "seconds", "name": "seconden", "type": "number", "values": {}}
    seconds = plain.columns[-1].model_copy(update=words)
    contract = plain.model_copy(update={"columns": [*plain.columns, seconds]})
    rows = {"buurtcode": "BU1", "besluitdatum": "2025-12-01", "thema": "woninginbraak"}
    took = pd.DataFrame({"seconden": ["3", "9.9", "10", "400", "?"]})
    took.assign(**rows, besluit="gevolgd").to_csv(tmp_path / "d.csv", index=False)
    source = Source(path=str(tmp_path / "d.csv"), contract="decisions")
    [found] = read_tables([Asked(source, contract, QUESTION)], GROUND)

    assert {"0-9": 2.0, "10-59": 1.0, "300+": 1.0} == dict(
        zip(found.table["taken"], found.table["count"], strict=True)
    )
    assert 1 == found.tally.refused["no_readable_seconds"]
