"""Properties that hold whatever the evidence: more of it never hurts, less of it never helps."""

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cas_audit.assure.answers import Answers, answer_points
from cas_audit.assure.gate import judge
from cas_audit.assure.policy import Policy
from cas_audit.assure.seal import seal_audit
from cas_audit.assure.stated import Stated
from cas_audit.audit.dossier import Manifest
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.errors import CasAuditError
from cas_audit.files import tree
from tests import paper
from tests.test_answers import TODAY, framework, statement

CHECKS = ("model/c", "model/d")
FAILING = ("not_met", "error")
RANK = {"passed": 0, "not_applicable": 0, "waived": 1, "open": 2, "failed": 3, "contradicted": 3}
DAYS = st.integers(-500, 30).map(lambda days: TODAY + dt.timedelta(days=days))
DOUBTS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.sampled_from(["unsigned", "unknown_key", "wrong_role", "revoked"])
)


def found(check: str, outcome: str) -> Finding:
    """Return a finding within the bound that the point demands."""
    return Finding(
        check=check,
        outcome=Outcome(outcome),
        message="not_applicable_fine" if outcome == "not_applicable" else outcome,
        estimand=Estimand.RECORD,
        thresholds={"limit": 1.25},
    )


@st.composite
def said(draw: st.DrawFn) -> Stated:
    """Draw a statement: of any age, for or against, with or without a doubt."""
    date = draw(DAYS)
    until = date + dt.timedelta(days=draw(st.integers(0, 600)))
    one = statement(holds=draw(st.booleans()), date=date, valid_until=until)
    return Stated(one, id=str(draw(st.integers(0, 99))), doubt=draw(DOUBTS))


FOUND = st.one_of(  # often with every check met: only then do statements decide
    st.just(dict.fromkeys(CHECKS, Outcome.MET)),
    st.dictionaries(st.sampled_from(CHECKS), st.sampled_from(list(Outcome))),
)
POLICIES = st.sampled_from(
    [
        Policy(schema=1),
        Policy.model_validate(
            {
                "schema": 1,
                "frameworks": {
                    "f-1": {
                        "waivers": [
                            {
                                "point": "1.01",
                                "owner": "A.",
                                "reason": "x",
                                "since": TODAY,
                                "until": TODAY,
                            }
                        ]
                    }
                },
            }
        ),
    ]
)
LEVELS = st.sampled_from(["mostly", "partly"])


CASES = st.tuples(st.lists(said(), max_size=4), POLICIES, LEVELS)
Case = tuple[list[Stated], Policy, str]


def answers(manifest: Manifest, outcomes: dict[str, Any], case: Case) -> Answers:
    """Answer a point with two checks and a statement that either can contradict."""
    stated, policy, level = case
    demands = [
        {
            "check": check,
            "depth": "operation",
            "bounds": {"limit": {"at_most": 1.25}},
            "accepts_not_applicable": ["not_applicable_fine"],
        }
        for check in CHECKS
    ]
    asked = framework(level=level, checks=demands)
    findings = [found(check, outcome) for check, outcome in outcomes.items()]
    return answer_points(asked, findings, stated, manifest, TODAY, policy=policy)


def rank(one: Answers) -> int:
    """Return how bad the answer is."""
    return RANK[one.answers[0].status]


PROPERTY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PROPERTY
@given(FOUND, CASES, said())
def test_an_assent_more_never_makes_an_answer_worse(
    manifest: Manifest, outcomes: dict[str, Any], case: Case, more: Stated
) -> None:
    """Unless a check fails, which it then contradicts; whatever its age and whoever signed it."""
    assent = replace(more, statement=more.statement.model_copy(update={"holds": True}))
    before = answers(manifest, outcomes, case)
    after = answers(manifest, outcomes, ([*case[0], assent], *case[1:]))
    failing = any(outcome in FAILING for outcome in outcomes.values())

    assert failing or rank(after) <= rank(before)


@PROPERTY
@given(FOUND, st.sampled_from(CHECKS), st.sampled_from(list(Outcome)), CASES)
def test_a_finding_more_never_makes_an_answer_worse(
    manifest: Manifest, outcomes: dict[str, Any], check: str, outcome: Outcome, case: Case
) -> None:
    """Unless it fails: what was not asked before is no better than what could not be told."""
    without = {name: one for name, one in outcomes.items() if name != check}
    before = answers(manifest, without, case)
    after = answers(manifest, {**without, check: outcome}, case)

    assert outcome in FAILING or rank(after) <= rank(before)


@PROPERTY
@given(FOUND, CASES)
def test_no_statement_replaces_a_measurement(
    manifest: Manifest, outcomes: dict[str, Any], case: Case
) -> None:
    """However many people say so, a point passes only with every check settled."""
    one = answers(manifest, outcomes, case).answers[0]
    settled = all(outcomes.get(check) in {"met", "not_applicable"} for check in CHECKS)

    assert settled or one.status != "passed"


@pytest.fixture(scope="module")
def open_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the audit on paper."""
    return tmp_path_factory.mktemp("open") / "audit"


@pytest.fixture
def audit(open_audit: Path, manifest: Manifest) -> Path:
    """Return an audit on paper that the gate lets through."""
    if not open_audit.exists():
        paper.make(open_audit, manifest)
    return open_audit


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_removing_files_never_opens_the_gate(audit: Path, data: st.DataObject) -> None:
    """One file or more, of an audit that fails or is open; also when it is sealed anew."""
    home = Path(mkdtemp(dir=audit.parent))
    folder = Path(shutil.copytree(audit, home / "audit"))
    check = "process/purpose_is_measurable"
    outcome = data.draw(st.sampled_from(["not_met", "insufficient_evidence", "error"]))
    paper.set_finding(folder, check, outcome)
    paper.answered(folder)
    names = [name for name in tree(folder) if name != "audit.json"]
    removed = data.draw(st.sets(st.sampled_from(names), min_size=1, max_size=3))
    for name in removed:
        (folder / name).unlink()
    if data.draw(st.booleans()):
        seal_audit(folder)
    passes = gate_opens(folder)
    shutil.rmtree(home)

    assert not passes


def gate_opens(folder: Path) -> bool:
    """Say whether the gate opens; unreadable input is no pass."""
    try:
        return judge(folder).code == 0
    except CasAuditError:
        return False


def test_removing_any_file_of_a_passing_audit_shuts_the_gate(audit: Path, tmp_path: Path) -> None:
    """Every file is needed: taken away one by one, with the seal as it was."""
    opened = []
    for name in tree(audit):
        folder = Path(shutil.copytree(audit, tmp_path / "audit"))
        (folder / name).unlink()
        if gate_opens(folder):
            opened.append(name)
        shutil.rmtree(folder)

    assert gate_opens(audit)
    assert [] == opened
