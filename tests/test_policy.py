"""The policy: it tightens, it says where it loosens, and what it puts up with ends."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from cas_audit.assure.framework import Demand, load_framework
from cas_audit.assure.gate import judge
from cas_audit.assure.keys import demonstration_key
from cas_audit.assure.policy import EMPTY, Policy, load_policy
from cas_audit.assure.seal import seal_audit
from cas_audit.audit.dossier import Manifest
from cas_audit.errors import ConfigError
from cas_audit.files import read_json, read_yaml, write_json, write_yaml
from cas_audit.present.blockers import explain_blockers
from cas_audit.present.words import LANGUAGES
from tests import paper

DAY = dt.timedelta(days=1)
CHECK, POINT = "model/no_worse_than_counting", "1.02"
OWNED = {"owner": "A. de Vries", "reason": "Decided in March."}
KEY = demonstration_key(1, "system_owner").public


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the audit on paper, made once."""
    return tmp_path_factory.mktemp("paper") / "audit"


@pytest.fixture
def audit(shared: Path, manifest: Manifest, tmp_path: Path) -> Path:
    """Return a copy of an audit on paper that the gate lets through."""
    if not shared.exists():
        paper.make(shared, manifest)
    return Path(shutil.copytree(shared, tmp_path / "audit"))


def under(folder: Path, on: dt.date | None = None, **policy: Any) -> Any:
    """Answer an audit under a policy; return the answer to the point."""
    path = folder / "policy.yaml"
    write_yaml(path, {**read_yaml(path), **policy})
    return paper.answered(folder, on)[POINT]


def tolerance(**bound: Any) -> dict[str, Any]:
    """Return a tolerance for the largest loss against counting."""
    plain = {**OWNED, "basis": "chosen", "until": paper.TODAY + 30 * DAY}
    return {CHECK: {"max_loss": {**plain, **bound}}}


def waiver(**changes: Any) -> dict[str, Any]:
    """Return a policy that waives the point."""
    plain = {"point": POINT, **OWNED, "since": paper.TODAY, "until": paper.TODAY + 10 * DAY}
    return {paper.FRAMEWORK: {"waivers": [{**plain, **changes}]}}


def test_the_empty_policy_changes_nothing() -> None:
    """No policy: the framework as it stands."""
    framework = load_framework(paper.FRAMEWORK)

    assert framework == EMPTY.tighten(framework)
    assert [] == EMPTY.looser(framework)


def test_a_stricter_tolerance_binds(audit: Path) -> None:
    """A run with the limit of the framework is no evidence for an organisation that asks more."""
    answer = under(audit, tolerances=tolerance(at_most=0.0))

    assert "open" == answer.status
    assert ("check_too_loose", CHECK) in [(one.kind, one.about) for one in answer.reasons]
    assert 2 == judge(audit).code


def test_a_stricter_tolerance_still_binds_when_it_is_due_for_renewal(audit: Path) -> None:
    """Time must not loosen what an organisation demands."""
    due = tolerance(at_most=0.0, until=paper.TODAY - DAY)

    assert "open" == under(audit, tolerances=due).status


def test_a_looser_tolerance_is_said_and_does_not_count(audit: Path) -> None:
    """The bound of the framework stays."""
    content = read_json(audit / "findings.json")
    loose = next(one for one in content["findings"] if one["check"] == CHECK)
    loose["thresholds"]["max_loss"] = 0.4
    write_json(audit / "findings.json", content)
    answer = under(audit, tolerances=tolerance(at_most=0.5))
    said = read_json(audit / "answers.json")["looser"]
    judgement = judge(audit)

    assert "open" == answer.status
    assert {"point": POINT, "check": CHECK, "threshold": "max_loss"} in said
    assert said == [one.model_dump() for one in judgement.looser]


def test_a_point_can_be_made_to_block(audit: Path) -> None:
    """What a framework lets pass in the open, an organisation may refuse to."""
    framework = load_framework(paper.FRAMEWORK)
    point = next(one for one in framework.points if not one.blocking)
    (audit / f"statements/{point.statements[0].id}.dsse.json").unlink()
    paper.answered(audit)
    before = judge(audit).code
    under(audit, frameworks={paper.FRAMEWORK: {"blocks": [point.id]}})

    assert (0, 2) == (before, judge(audit).code)


def test_a_check_that_informs_can_be_made_to_decide() -> None:
    """What a framework takes note of only, an organisation may hold a version to."""
    framework = load_framework(paper.FRAMEWORK)
    demand = Demand(check=CHECK, depth="operation", decides=False)
    point = next(one for one in framework.points if one.id == POINT)
    informed = framework.model_copy(
        update={"points": [point.model_copy(update={"checks": [demand]})]}
    )
    held = Policy(schema=1, deciding=[CHECK]).tighten(informed)

    assert informed == EMPTY.tighten(informed)
    assert [True] == [one.decides for one in held.points[0].checks]


def test_a_waiver_shows_and_ends(audit: Path) -> None:
    """Until its last day the point is waived, never answered; the day after, it is open again."""
    (audit / f"statements/{POINT}.a.dsse.json").unlink()
    answers = [under(audit, paper.TODAY + days * DAY, frameworks=waiver()) for days in (0, 10, 11)]

    assert ["waived", "waived", "open"] == [one.status for one in answers]
    assert ["waiver", "waiver", "waiver_expired"] == [one.reasons[-1].kind for one in answers]
    paper.answered(audit)

    assert (0, 2) == (judge(audit).code, judge(audit, paper.TODAY + 11 * DAY).code)


def test_a_waiver_does_not_begin_before_its_day(audit: Path) -> None:
    """Nor does it cover what happened before somebody answered for it."""
    paper.set_finding(audit, CHECK, "insufficient_evidence")

    assert "open" == under(audit, frameworks=waiver(since=paper.TODAY + DAY)).status


@pytest.mark.parametrize(("outcome", "code"), [("not_met", 1), ("error", 1)])
def test_a_waiver_covers_no_contradiction_and_no_broken_check(
    audit: Path, outcome: str, code: int
) -> None:
    """Who stated that it is so must take that back first; a broken check must be mended."""
    check = "process/success_criterion_is_met" if outcome == "not_met" else CHECK
    paper.set_finding(audit, check, outcome)
    under(audit, frameworks=waiver())

    assert code == judge(audit).code


def test_a_measurement_can_be_too_old(audit: Path) -> None:
    """An organisation says how often; what is older is open, or contradicts who says otherwise."""
    late = paper.TODAY + 40 * DAY
    answer = under(audit, late, measure_every_days={CHECK: 40})
    later = under(audit, late + DAY, measure_every_days={CHECK: 40})

    assert ("passed", True) == (answer.status, later.status in {"open", "contradicted"})
    assert "check_stale" in [one.kind for one in later.reasons]


def test_a_person_says_it_is_measured_and_it_was_long_ago(audit: Path) -> None:
    """The contradiction names the statement, the check and the days."""
    check = "process/purpose_is_measurable"
    on = paper.TODAY + 100 * DAY
    under(audit, on, measure_every_days={check: 92})
    answer = {one["id"]: one for one in read_json(audit / "answers.json")["answers"]}["1.01"]
    expected = {"statement": "1.01.a", "check": check, "kind": "stale", "days": 100}

    assert ("contradicted", expected) == (answer["status"], answer["contradiction"])


def test_the_gate_can_be_given_the_policy(audit: Path, tmp_path: Path) -> None:
    """An audit answered under another policy than that of the organisation is blocked."""
    own = tmp_path / "own.yaml"
    shutil.copyfile(audit / "policy.yaml", own)
    same = judge(audit, policy=own)
    own.write_text(own.read_text() + "\n")
    other = judge(audit, policy=own)

    assert (0, 1) == (same.code, other.code)
    assert "is not" in other.sentences[0]


def test_answers_name_the_policy_they_were_given_under(audit: Path) -> None:
    """A policy exchanged afterwards, with a new seal, is noticed."""
    path = audit / "policy.yaml"
    path.write_text(path.read_text() + "\n")
    seal_audit(audit)
    judgement = judge(audit)

    assert (1, True) == (judgement.code, "does not follow" in judgement.sentences[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"roles": {"king": []}}, "unknown role king"),
        ({"tolerances": {"model/none": {}}}, "unknown check model/none"),
        ({"tolerances": {CHECK: {"x": tolerance(at_most=1)[CHECK]["max_loss"]}}}, "no threshold x"),
        ({"tolerances": tolerance()}, "at_least or at_most"),
        ({"measure_every_days": {"model/none": 1}}, "unknown check"),
        ({"deciding": ["model/none"]}, "unknown check"),
        ({"frameworks": {paper.FRAMEWORK: {"blocks": ["9.99"]}}}, "unknown point 9.99"),
        ({"frameworks": {paper.FRAMEWORK: {"blocks": ["1.01", "1.01"]}}}, "twice"),
        ({"frameworks": {"rekenkamer-9.9": {"blocks": ["1.01"]}}}, "unknown framework"),
        ({"frameworks": waiver(point="9.99")}, "unknown point 9.99"),
        ({"frameworks": waiver(until=paper.TODAY + 400 * DAY)}, "within 366 days"),
        ({"frameworks": waiver(until=paper.TODAY - DAY)}, "within 366 days"),
        ({"frameworks": waiver(owner=" ")}, "blank"),
        ({"frameworks": waiver(reason=None)}, "reason"),
        ({"revoked_keys": [{"key": "0" * 64, "since": paper.TODAY, "reason": "x"}]}, "no role"),
        ({"roles": {"system_owner": [{"name": "A", "key": "AAAA"}]}}, "no public key"),
        (
            {"roles": {"system_owner": [{"name": name, "key": KEY.text} for name in "AB"]}},
            "two names",
        ),
        ({"nonsense": 1}, "unknown key nonsense"),
    ],
    ids=[
        "role", "check", "threshold", "no bound", "freshness", "deciding", "point", "twice",
        "framework", "waived point", "long waiver", "backwards", "blank owner", "no reason",
        "revoked", "key", "names", "other",
    ],
)  # fmt: skip
def test_what_does_not_resolve_stops_the_load(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """A typo never means that something is not demanded."""
    path = tmp_path / "policy.yaml"
    write_yaml(path, {"schema": 1, **change})
    with pytest.raises(ConfigError, match=said):
        load_policy(path, load_framework(paper.FRAMEWORK))


def test_a_role_of_the_organisation_can_be_named(tmp_path: Path) -> None:
    """Such as a developer, whom the framework does not know."""
    role = {"nl": "ontwikkelaar", "en": "developer"}
    holder = {"name": "D.", "key": KEY.text}
    path = tmp_path / "policy.yaml"
    content = {"schema": 1, "other_roles": {"developer": role}, "roles": {"developer": [holder]}}
    write_yaml(path, content)
    policy = load_policy(path, load_framework(paper.FRAMEWORK))

    assert ["developer"] == policy.roles_of(KEY.id)


def test_a_looser_policy_is_said_at_the_gate(audit: Path) -> None:
    """In both languages, also when the gate opens."""
    under(audit, tolerances=tolerance(at_most=0.5))
    judgement = judge(audit)
    lines = [explain_blockers(audit, judgement, language) for language in LANGUAGES]

    assert (0, []) == (judgement.code, judgement.points)
    assert all(CHECK in said[0] for said in lines)


def test_the_policy_in_the_documents_loads(tmp_path: Path) -> None:
    """It is what people begin with."""
    page = (Path(__file__).parent.parent / "docs/statements.md").read_text()
    text = page.split("```yaml\n")[1].split("```")[0].replace("MCowBQYDK2VwAyEA...", KEY.text)
    (tmp_path / "policy.yaml").write_text(text)
    policy = load_policy(tmp_path / "policy.yaml", load_framework(paper.FRAMEWORK))

    assert ["system_owner"] == policy.roles_of(KEY.id)
    assert [] == policy.looser(load_framework(paper.FRAMEWORK))
