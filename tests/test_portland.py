"""The example of Portland with counting for the blend, and less to test; needs CAS_AUDIT_DATA.

The whole example takes minutes. What is its own (feet, a shapefile, no residents, fortnights) is
the same here; the blend is tried in tests of its own.
"""

import os
import runpy
from pathlib import Path

import pytest

from cas_audit import steps
from cas_audit.assure.gate import judge
from cas_audit.files import read_json

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CAS_AUDIT_DATA" not in os.environ, reason="CAS_AUDIT_DATA is not set"),
]
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SHORTER = {
    "model: blend": "model: counting",
    "train_weeks: 104": "train_weeks: 26",
    "test_weeks: 52": "test_weeks: 8",
}


@pytest.fixture(scope="module")
def portland(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare the data by the program of the example, and return the audit of both themes."""
    folder = tmp_path_factory.mktemp("portland")
    program = runpy.run_path(str(EXAMPLES / "portland/prepare.py"))
    program["prepare"](Path(os.environ["CAS_AUDIT_DATA"]) / "portland", folder / "data")
    content = (EXAMPLES / "portland.yaml").read_text()
    for text, other in {**SHORTER, "${PORTLAND}": str(folder / "data")}.items():
        assert text in content
        content = content.replace(text, other)
    (folder / "portland.yaml").write_text(content)
    (folder / "portland").symlink_to(EXAMPLES / "portland")
    steps.audit(folder / "portland.yaml", folder / "audit")
    return folder / "audit"


def test_no_check_breaks_and_who_is_affected_is_unknown(portland: Path) -> None:
    """Without residents nothing is said of exposure or precision by group."""
    findings = read_json(portland / "findings.json")["findings"]
    outcomes = {one["check"]: one["outcome"] for one in findings}
    unknown = {"model/even_exposure", "model/even_precision"}

    assert "error" not in outcomes.values()
    assert {"unavailable"} == {outcomes[name] for name in unknown}
    assert 1 == judge(portland).code


def test_both_themes_are_forecast_by_the_fortnight(portland: Path) -> None:
    """Four maps in eight weeks, and the pages say so."""
    scores = read_json(portland / "dossier/model/scores.json")

    assert {"burglary", "vehicle_theft"} == set(scores)
    assert all(0.03 < one["model"]["hit_rate"] < 0.6 for one in scores.values())
    assert "Each fortnight 3.0 %" in (portland / "report.en.html").read_text()
    assert "Per twee weken wordt 3,0 %" in (portland / "report.nl.html").read_text()
