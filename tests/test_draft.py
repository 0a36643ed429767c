"""The first hour: a drafted contract lists every column and admits none."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cas_audit import cli
from cas_audit.config import load_config
from cas_audit.errors import ConfigError, ContractError, InputError
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.draft import draft_contract

AREA = {
    "type": "Feature",
    "properties": {"code": "a"},
    "geometry": {"type": "Polygon", "coordinates": [[[4, 52], [5, 52], [5, 53], [4, 52]]]},
}
HEADER = 'x_rd;"y, ""rd""";BSN nummer;toelichting\n'


def test_every_column_is_listed_and_none_is_admitted(tmp_path: Path) -> None:
    """Until a purpose is written, nothing would come in; no row is read."""
    (tmp_path / "t.csv").write_bytes(HEADER.encode() + b"\xff\xfe not even text")
    drafted = draft_contract(tmp_path / "t.csv")
    (tmp_path / "c.yaml").write_text(drafted)
    listed = [column["name"] for column in yaml.safe_load(drafted)["columns"]]

    assert ["x_rd", 'y, "rd"', "BSN nummer", "toelichting"] == listed
    assert "looks like a citizen service number" in drafted
    with pytest.raises(ContractError, match="columns: list should have at least 1 item"):
        load_contract(str(tmp_path / "c.yaml"))


def test_a_column_with_a_blank_purpose_is_refused() -> None:
    """As if the contract did not list it; half a purpose is a fault of the contract."""
    plain = load_contract("incidents").model_dump(mode="json")
    extra = {**plain["columns"][0], "name": "bsn", "purpose": {"nl": " ", "en": ""}}
    admitted = Contract.model_validate({**plain, "columns": [*plain["columns"], extra]})

    assert "bsn" not in {column.name for column in admitted.columns}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"purpose": {"nl": "Tellen", "en": ""}}, "columns.0.purpose: value error, expected in bo"),
        ({"ground": ""}, "columns.0.ground"),
        ({"retention_years": 0}, "columns.0.retention_years"),
        ({"colour": "red"}, "unknown key columns.0.colour"),
        ({"role": "emperor"}, "columns.0.role"),
    ],
)
def test_a_fault_in_a_contract_is_named(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    """File and place, and what was expected."""
    plain = load_contract("incidents").model_dump(mode="json")
    plain["columns"][0].update(change)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(plain))

    with pytest.raises(ContractError, match=said):
        load_contract(str(tmp_path / "c.yaml"))


def test_a_file_without_a_header(tmp_path: Path) -> None:
    """An empty file has no columns to list."""
    (tmp_path / "t.csv").write_text("")

    with pytest.raises(InputError, match="has no columns"):
        draft_contract(tmp_path / "t.csv")


def test_an_audit_begins_with_everything_refused(tmp_path: Path) -> None:
    """Headers are read; the first run says what to write, and no half folder stays behind."""
    (tmp_path / "i.csv").write_text("x_rd,naam\n1,iemand\n")
    areas = {"type": "FeatureCollection", "features": [AREA]}
    (tmp_path / "a.geojson").write_text(json.dumps(areas))
    folder = tmp_path / "audit"
    chosen = ["--incidents", str(tmp_path / "i.csv"), "--areas", str(tmp_path / "a.geojson")]
    done = [CliRunner().invoke(cli.app, ["init", str(folder), *chosen]) for _ in range(2)]
    text = (folder / "incidents.contract.yaml").read_text()

    assert [0, 1] == [one.exit_code for one in done]
    assert isinstance(done[1].exception, InputError)
    assert {"config.yaml", "incidents.contract.yaml", "areas.contract.yaml", "statements"} == {
        path.name for path in folder.iterdir()
    }
    assert "think twice" in text
    assert "iemand" not in text
    with pytest.raises(ContractError):
        load_contract(str(folder / "incidents.contract.yaml"))
    with pytest.raises(ConfigError, match="reference_date"):
        load_config(folder / "config.yaml")
