"""Two audits beside each other, and the risks that an audit leaves."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cas_audit import cli
from cas_audit.assure.compare import compare
from cas_audit.assure.gate import judge
from cas_audit.assure.seal import seal_audit
from cas_audit.audit.dossier import Manifest
from cas_audit.errors import EvidenceError
from cas_audit.files import read_json, read_yaml, write_json, write_yaml
from cas_audit.present.compared import explain_comparison
from cas_audit.present.words import LANGUAGES
from tests import paper

DAY = dt.timedelta(days=1)
CHECK = "process/purpose_is_measurable"
OWNED = {"owner": "D. Smit", "reason": "Decided in March."}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the audit on paper, made once."""
    return tmp_path_factory.mktemp("paper") / "audit"


@pytest.fixture
def old(shared: Path, manifest: Manifest) -> Path:
    """Return an audit on paper that nobody spoils."""
    if not shared.exists():
        paper.make(shared, manifest)
    return shared


@pytest.fixture
def new(old: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may change."""
    return Path(shutil.copytree(old, tmp_path / "audit"))


def under(folder: Path, **policy: Any) -> None:
    """Answer an audit under more policy."""
    path = folder / "policy.yaml"
    write_yaml(path, {**read_yaml(path), **policy})
    paper.answered(folder)


def test_the_same_audit_is_no_worse(old: Path) -> None:
    """Nothing changed, and there is nothing to do."""
    found = compare(old, old)

    assert ([], [], []) == (found.points, found.checks, found.act)


def test_what_got_worse_and_who_must_act(old: Path, new: Path) -> None:
    """A check that turned, the point it contradicts, and a statement nobody made."""
    paper.set_finding(new, CHECK, "not_met")
    (new / "statements/1.03.a.dsse.json").unlink()
    paper.answered(new)
    found = compare(old, new)
    back = compare(new, old)
    acts = {(one.point, one.reason, one.role) for one in found.act}

    assert {("1.01", "contradicted", True), ("1.03", "open", True)} <= {
        (one.point, one.new, one.worse) for one in found.points
    }
    assert [(CHECK, "met", "not_met", True)] == [
        (one.check, one.old, one.new, one.worse) for one in found.checks
    ]
    assert ("1.03", "statement_missing", "system_owner") in acts
    assert ("1.01", "contradicted", "system_owner") in acts
    assert not any(one.worse for one in back.points)
    assert not any(one.worse for one in back.checks)


def test_what_expires_within_thirty_days(old: Path, new: Path) -> None:
    """Statements, waivers, tolerances, keys and reviews; with whose they are, and not earlier."""
    policy = read_yaml(new / "policy.yaml")
    policy["roles"]["system_owner"][0]["until"] = paper.TODAY + 29 * DAY
    bound = {"at_most": 0, **OWNED, "basis": "legal", "until": paper.TODAY - DAY}
    waiver = {"point": "1.02", **OWNED, "since": paper.TODAY, "until": paper.TODAY + 30 * DAY}
    late = {**waiver, "point": "1.04", "until": paper.TODAY + 31 * DAY}
    (new / "statements/1.03.a.dsse.json").unlink()
    treated = {"owner": "E. Mol", "treatment": "Being written.", "review": paper.TODAY + DAY}
    specific = {"waivers": [waiver, late], "risks": [{"point": "1.03", **treated}]}
    under(
        new,
        roles=policy["roles"],
        tolerances={CHECK: {"max_missing": bound}},
        frameworks={paper.FRAMEWORK: specific},
    )
    soon = {one.kind: (one.about, one.passed, one.who) for one in compare(old, new).expires}
    said = {one.about for one in compare(old, new, paper.TODAY + 350 * DAY).expires}

    assert ("1.02", False, "D. Smit") == soon["waiver"]
    assert (f"{CHECK} max_missing", True, "D. Smit") == soon["tolerance"]
    assert ("1.03", False, "E. Mol") == soon["review"]
    assert (False, "A. de Vries") == soon["key"][1:]
    assert "statement" not in soon
    assert "1.02.a" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_both_languages(old: Path, new: Path, language: Any) -> None:
    """Four parts, each with what is in it."""
    paper.set_finding(new, CHECK, "not_met")
    paper.answered(new)
    lines = explain_comparison(old, new, compare(old, new), language)
    heads = [line for line in lines[1:] if not line.startswith(" ")]

    assert 4 == len(heads)
    assert any("1.01" in line for line in lines)
    assert {"nl": "systeemeigenaar", "en": "system owner"}[language] in "\n".join(lines)


def test_the_command_exits_0_whatever_it_says(
    old: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the gate and verify exit by verdict."""
    paper.set_finding(new, CHECK, "not_met")
    paper.answered(new)
    with pytest.raises(SystemExit) as exit_:
        cli.main(["compare", str(old), str(new), "--json"])

    assert 0 == exit_.value.code
    assert json.loads(capsys.readouterr().out)["checks"]


def test_what_cannot_be_compared_is_refused(old: Path, new: Path) -> None:
    """A changed audit, or one about another system."""
    (new / "findings.json").write_text("{}")
    with pytest.raises(EvidenceError, match="changed after sealing"):
        compare(old, new)
    shutil.copyfile(old / "findings.json", new / "findings.json")
    content = read_json(new / "dossier/manifest.json")
    write_json(new / "dossier/manifest.json", {**content, "name": "other"})
    seal_audit(new)
    with pytest.raises(EvidenceError, match="another system"):
        compare(old, new)


def risks(folder: Path) -> dict[str, Any]:
    """Return the risk register by point."""
    return {one["point"]: one for one in read_json(folder / "risks.json")["risks"]}


def test_every_point_that_is_not_in_order_is_a_risk(new: Path) -> None:
    """Failed, contradicted, open and waived; no other, and nobody is named unless somebody is."""
    paper.set_finding(new, CHECK, "not_met")
    (new / "statements/1.03.a.dsse.json").unlink()
    waiver = {"point": "1.03", **OWNED, "since": paper.TODAY, "until": paper.TODAY}
    under(new, frameworks={paper.FRAMEWORK: {"waivers": [waiver]}})
    answers = read_json(new / "answers.json")["answers"]
    expected = {one["id"] for one in answers if one["status"] not in {"passed", "not_applicable"}}
    found = risks(new)

    assert expected == found.keys()
    assert ("contradicted", "large", None) == tuple(
        found["1.01"][key] for key in ("status", "proposed", "owner")
    )
    assert ("waived", "D. Smit", "waiver") == tuple(
        found["1.03"][key] for key in ("status", "owner", "treated_by")
    )


@pytest.mark.parametrize(("days", "stale"), [(0, False), (-1, True)])
def test_a_risk_is_stale_after_its_day_of_review(new: Path, days: int, stale: bool) -> None:
    """Owner, treatment and day come from the policy, or from a newer statement at the point."""
    paper.set_finding(new, CHECK, "insufficient_evidence")
    treated = {"owner": "E. Mol", "treatment": "Written.", "review": paper.TODAY + days * DAY}
    under(new, frameworks={paper.FRAMEWORK: {"risks": [{"point": "1.01", **treated}]}})
    found = risks(new)["1.01"]

    assert ("E. Mol", "policy", stale) == tuple(
        found[key] for key in ("owner", "treated_by", "stale")
    )
    said = {"level": "small", "treatment": "Looked at.", "review": paper.TODAY.isoformat()}
    paper.put(new, "1.01.a", paper.envelope(paper.say("1.01.a", risk=said)))
    paper.answered(new)
    found = risks(new)["1.01"]

    assert ("small", "A. de Vries", "statement", False) == tuple(
        found[key] for key in ("set", "owner", "treated_by", "stale")
    )


def test_a_risk_that_was_struck_out_is_noticed(new: Path) -> None:
    """The gate makes the register again."""
    paper.set_finding(new, CHECK, "insufficient_evidence")
    paper.answered(new)
    content = read_json(new / "risks.json")
    write_json(new / "risks.json", {**content, "risks": []})
    seal_audit(new)

    assert (1, ["risks.json does not follow from the answers."]) == (
        judge(new).code,
        judge(new).sentences,
    )
