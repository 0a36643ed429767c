"""A real vendor's predictions, audited from output and area statistics; needs CAS_AUDIT_DATA."""

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from cas_audit import steps
from cas_audit.assure.gate import judge
from cas_audit.config import load_config
from cas_audit.files import read_json

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CAS_AUDIT_DATA" not in os.environ, reason="CAS_AUDIT_DATA is not set"),
]
CONFIG = Path(__file__).resolve().parent.parent / "examples/vendor.yaml"


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the audit of the example."""
    out = tmp_path_factory.mktemp("vendor") / "audit"
    steps.audit(CONFIG, out)
    return out


def test_exposure_is_that_of_the_published_file(vendor: Path) -> None:
    """Black residents live in the most targeted block groups more than 1.25 times as often."""
    path = load_config(CONFIG).sources.areas.path
    content = json.loads(Path(str(path)).read_text())
    rows = pd.DataFrame([one["properties"] for one in content["features"]])
    top = rows.nlargest(round(0.05 * len(rows)), "count")
    other = [part["total_estimate"].sum() - part["black_alone"].sum() for part in (top, rows)]
    ratio = top["black_alone"].sum() / rows["black_alone"].sum() / (other[0] / other[1])
    findings = {one["check"]: one for one in read_json(vendor / "findings.json")["findings"]}
    exposure = findings["model/even_exposure"]

    assert pytest.approx(ratio) == exposure["estimate"]
    assert ("not_met", "this_map") == (exposure["outcome"], exposure["estimand"])
    assert 1.25 < ratio


def test_what_is_not_known_is_said_and_nothing_breaks(vendor: Path) -> None:
    """No check errs; precision, accuracy and reproducibility are unavailable; the gate is shut."""
    findings = read_json(vendor / "findings.json")["findings"]
    outcomes = {one["check"]: one["outcome"] for one in findings}
    unknown = {"model/even_precision", "model/no_worse_than_counting"}

    assert "error" not in outcomes.values()
    assert {"unavailable"} == {outcomes[name] for name in unknown}
    assert "unavailable" == outcomes["process/model_is_reproducible"]
    assert judge(vendor).code == 1


@pytest.mark.parametrize(
    ("language", "said"),
    [("nl", "Hoe goed het voorspelt is niet te zeggen"), ("en", "How well it forecasts cannot be")],
)
def test_the_report_says_what_it_is_about(vendor: Path, language: str, said: str) -> None:
    """One map of whole areas, and no word of weeks that were tested."""
    page = (vendor / f"report.{language}.html").read_text()

    assert said in page
    assert "{" not in re.sub("<script.*?</script>", "", page.split("</style>")[1], flags=re.DOTALL)
