"""Where no residents are known: nothing is said of groups, and never that all is well."""

from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from cas_audit.audit.comparison import compare
from cas_audit.errors import Unavailable
from cas_audit.files import read_yaml
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.residents import spread_residents

AREAS = Path(__file__).resolve().parent.parent / "examples/portland/areas.contract.yaml"


def test_cells_have_nobody_where_no_residents_are_admitted() -> None:
    """Every cell stands in the table, with nought, so that nothing is published about any."""
    areas = pd.DataFrame({"DISTRICT": ["a", "b"]})
    cells = pd.DataFrame({"cell": [3, 4, 7], "area": ["a", "a", "b"]})
    spread = spread_residents(areas, load_contract(str(AREAS)), cells)

    assert [3, 4, 7] == spread["cell"].tolist()
    assert 0 == spread["residents"].sum()


def test_no_groups_to_compare_is_unavailable() -> None:
    """An empty comparison is not a comparison that came out well."""
    with pytest.raises(Unavailable, match="names no group"):
        compare([], (0.8, 1.25))


def test_residents_without_groups_are_refused() -> None:
    """Half of what is needed is a contract that somebody forgot to finish."""
    raw = read_yaml(AREAS)
    people = {**raw["columns"][0], "name": "people", "role": "residents", "type": "integer"}

    with pytest.raises(ValidationError, match="expected both, or neither"):
        Contract.model_validate({**raw, "columns": [*raw["columns"], people]})
