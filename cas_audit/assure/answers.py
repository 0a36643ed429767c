"""The answer to every point: what was measured, what was stated, and whether both agree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from cas_audit.assure.framework import Demand, Framework, Point, Wanted
from cas_audit.assure.policy import EMPTY, Level, Looser, Policy
from cas_audit.assure.stated import NOT_GENUINE, Stated
from cas_audit.audit.dossier import Manifest
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.config import Strict

__all__ = [
    "SETTLED",
    "Answer",
    "Answers",
    "Contradiction",
    "Reason",
    "Status",
    "Verdict",
    "answer_points",
    "counting",
    "newest_risk",
    "without_demonstrations",
]

Status = Literal["passed", "failed", "contradicted", "waived", "open", "not_applicable"]
Kind = Literal[
    "check_met",
    "check_not_met",
    "check_error",
    "check_insufficient_evidence",
    "check_unavailable",
    "check_not_applicable",
    "check_not_accepted",
    "check_too_loose",
    "check_missing",
    "check_stale",
    "nothing_measured",
    "statement_valid",
    "statement_missing",
    "statement_denies",
    "statement_early",
    "statement_expired",
    "statement_demonstration",
    "statement_unsigned",
    "statement_altered",
    "statement_unknown_key",
    "statement_revoked_key",
    "statement_wrong_role",
    "statement_other_name",
    "statement_other_wording",
    "statement_other_system",
    "statement_document_changed",
    "statement_revoked",
    "waiver",
    "waiver_expired",
]
FAILING = ("check_not_met", "check_error", "statement_denies", "statement_altered")
SETTLED = ("check_met", "check_not_applicable", "statement_valid", "waiver")
WAIVABLE = ("failed", "open")
RISK = {"failed": "large", "contradicted": "large", "open": "medium", "waived": "medium"}


class Reason(Strict):
    """One thing an answer rests on: what happened, and the check or statement it is about.

    What a check found that only informs is kept too, and does not decide.
    """

    kind: Kind
    about: str
    decides: bool = True


class Measured(Strict):
    """The checks that were asked, by depth."""

    design: list[str] = []
    existence: list[str] = []
    operation: list[str] = []


class Contradiction(Strict):
    """A statement, and the check that denies it, or that was last done too long ago."""

    statement: str
    check: str
    kind: Literal["denied", "stale"] = "denied"
    days: int | None = None


class Risk(Strict):
    """The remaining risk: proposed by the tool, set by a person."""

    proposed: Level
    set: Level | None = None
    by: str | None = None


class Answer(Strict):
    """The answer to one point."""

    framework: str
    version: str
    id: str
    status: Status
    blocking: bool
    measured: Measured
    stated: list[str]
    contradiction: Contradiction | None
    risk: Risk
    reasons: list[Reason]

    @property
    def broke(self) -> bool:
        """Whether a check broke that decides."""
        return any(one.kind == "check_error" and one.decides for one in self.reasons)


class Verdict(Strict):
    """What the gate would do: `blocked` exits 1, `undecided` 2, `opens` 0."""

    gate: Literal["blocked", "undecided", "opens"]
    counts: dict[str, int]
    measured: int
    only_stated: int
    demonstration: int


class Answers(Strict):
    """The answers to all points, in the order of the framework."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    on: date  # the day on which statements were judged
    policy: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""  # digest of the file
    looser: list[Looser] = []  # where the policy asks for less, which does not count
    revision: Annotated[int, Field(ge=1)] = 1
    previous: str | None = None  # digest of the seal of the revision before
    verdict: Verdict
    answers: list[Answer]


def answer_points(
    framework: Framework,
    findings: list[Finding],
    statements: list[Stated],
    manifest: Manifest,
    on: date,
    *,
    policy: Policy = EMPTY,
) -> Answers:
    """Answer every point of a framework.

    Args:
        framework: the points.
        findings: of the programme's checks on one dossier.
        statements: what people stated; demonstrations count for synthetic data only.
        manifest: of that dossier.
        on: the day on which statements must still be valid.
        policy: what the organisation demands beyond the framework, and what it puts up with.
    """
    counted = without_demonstrations(statements, policy, manifest)
    known = _Known(
        {finding.check: finding for finding in findings},
        counted,
        [one for one in statements if one not in counted],
        policy,
        on,
        (on - manifest.reference_date).days,
    )
    answers = [_answer(framework, point, known) for point in policy.tighten(framework).points]
    used = {name for answer in answers for name in answer.stated}
    demonstration = {one.statement.statement for one in known.counted if _is_shown(one, policy)}
    return Answers(
        schema=1,
        on=on,
        looser=policy.looser(framework),
        verdict=_verdict(answers, len(demonstration & used)),
        answers=answers,
    )


def without_demonstrations(
    statements: list[Stated], policy: Policy, manifest: Manifest
) -> list[Stated]:
    """Return the statements that may count for these data: demonstrations for synthetic alone."""
    if manifest.origin == "synthetic":
        return statements
    return [one for one in statements if not _is_shown(one, policy)]


def counting(
    statements: list[Stated], wanted: Wanted, policy: Policy, manifest: Manifest, on: date
) -> list[Stated]:
    """Return the statements of one sentence that count on a day, denials among them."""
    return [
        one
        for one in without_demonstrations(statements, policy, manifest)
        if one.statement.statement == wanted.id and _counts(one, wanted, on)
    ]


def _counts(stated: Stated, wanted: Wanted, on: date) -> bool:
    in_role = stated.statement.role == wanted.role and stated.made_on <= on
    return not stated.doubt and in_role and stated.statement.is_valid(wanted, on)


def _is_shown(stated: Stated, policy: Policy) -> bool:
    return stated.statement.demonstration or policy.demonstration


@dataclass(frozen=True)
class _Known:
    """All that answers may rest on."""

    findings: dict[str, Finding]
    counted: list[Stated]
    ignored: list[Stated]
    policy: Policy
    on: date
    age: int  # of the measurements, in days


def _answer(framework: Framework, point: Point, known: _Known) -> Answer:
    reasons = [_measured(demand, known) for demand in point.checks]
    reasons += [_stated(wanted, known) for wanted in point.statements]
    asked = [one for one in reasons if one.decides and one.kind.startswith("check_")]
    if point.level == "mostly" and not any(one.kind in SETTLED for one in asked):
        reasons.append(Reason(kind="nothing_measured", about=point.id))
    stated = [reason.about for reason in reasons if reason.kind == "statement_valid"]
    contradiction = _contradiction(point, stated, known)
    deciding = [one.kind for one in reasons if one.decides]
    status = "contradicted" if contradiction else _status(deciding)
    waiver = known.policy.waiver(framework, point.id, known.on)
    if waiver and status in WAIVABLE:
        lasts = known.on <= waiver.until
        status = "waived" if lasts else status
        reasons.append(Reason(kind="waiver" if lasts else "waiver_expired", about=point.id))
    depths: dict[str, list[str]] = {}
    for demand in point.checks:
        depths.setdefault(demand.depth, []).append(demand.check)
    return Answer.model_validate(
        {
            "framework": framework.framework,
            "version": framework.version,
            "id": point.id,
            "status": status,
            "blocking": point.blocking,
            "measured": depths,
            "stated": stated,
            "contradiction": contradiction,
            "risk": _risk(framework, point, _proposed(status, reasons), known),
            "reasons": reasons,
        }
    )


def _proposed(status: str, reasons: list[Reason]) -> str:
    """Propose a risk: what only informs and fails is no small one, whatever the answer."""
    least = "medium" if any(one.kind in FAILING for one in reasons) else "small"
    return RISK.get(status, least)


def _risk(framework: Framework, point: Point, proposed: str, known: _Known) -> dict[str, object]:
    """Set what a person set: who stated last, or else who treats it by the policy."""
    said = newest_risk(known.counted, point, known.on)
    if said and said.statement.risk:
        level = said.statement.risk.level
        return {"proposed": proposed, "set": level, "by": said.statement.name}
    for one in known.policy.about(framework).risks:
        if one.point == point.id and one.level:
            return {"proposed": proposed, "set": one.level, "by": one.owner}
    return {"proposed": proposed}


def newest_risk(statements: list[Stated], point: Point, on: date) -> Stated | None:
    """Return the newest statement at a point that counts and says what risk remains."""
    wanted = {one.id: one for one in point.statements}
    found = [
        one
        for one in statements
        if one.statement.risk and one.statement.statement in wanted
        if _counts(one, wanted[one.statement.statement], on)
    ]
    return max(found, key=lambda one: (one.made_on, one.id), default=None)


def _measured(demand: Demand, known: _Known) -> Reason:
    finding = known.findings.get(demand.check)
    kind = "missing" if finding is None else _kind(demand, finding)
    often = known.policy.measure_every_days.get(demand.check)
    if kind == "met" and often is not None and known.age > often:
        kind = "stale"
    return Reason.model_validate(
        {"kind": f"check_{kind}", "about": demand.check, "decides": demand.decides}
    )


def _kind(demand: Demand, finding: Finding) -> str:
    if finding.outcome is Outcome.NOT_APPLICABLE:
        accepted = finding.message in demand.accepts_not_applicable
        return "not_applicable" if accepted else "not_accepted"
    loose = not all(
        name in finding.thresholds and bound.holds(finding.thresholds[name])
        for name, bound in demand.bounds.items()
    )
    return "too_loose" if loose and finding.outcome is Outcome.MET else finding.outcome.value


def _stated(wanted: Wanted, known: _Known) -> Reason:
    """Say what statements there are: a newer denial outdoes an older assent, also when it expired.

    Neither an expired denial nor one that was taken back brings back what was said before it.
    """
    made = [one for one in known.counted if one.statement.statement == wanted.id]
    if any(one.doubt == "altered" for one in made):
        return Reason(kind="statement_altered", about=wanted.id)
    genuine = [one for one in made if one.doubt not in NOT_GENUINE and _is_of(one, wanted, known)]
    denied = [one for one in genuine if not one.statement.holds]
    last = max((one.made_on for one in denied), default=date.min)
    valid = [one for one in genuine if not one.doubt and one.statement.is_valid(wanted, known.on)]
    if any(one.statement.holds and one.made_on > last for one in valid):
        return Reason(kind="statement_valid", about=wanted.id)
    if any(not one.statement.holds and one.made_on == last for one in valid):
        return Reason(kind="statement_denies", about=wanted.id)
    return Reason.model_validate({"kind": _lack(made, wanted, known), "about": wanted.id})


def _is_of(stated: Stated, wanted: Wanted, known: _Known) -> bool:
    return stated.statement.role == wanted.role and stated.made_on <= known.on


def _lack(made: list[Stated], wanted: Wanted, known: _Known) -> str:
    """Say what is wrong with the newest statement that does not count."""
    newest = max(made, key=lambda one: (one.doubt not in NOT_GENUINE, one.made_on), default=None)
    if newest is None:
        ignored = any(one.statement.statement == wanted.id for one in known.ignored)
        return "statement_demonstration" if ignored else "statement_missing"
    if newest.doubt:
        return f"statement_{newest.doubt}"
    if newest.statement.role != wanted.role:
        return "statement_wrong_role"
    return "statement_early" if newest.made_on > known.on else "statement_expired"


def _contradiction(point: Point, stated: list[str], known: _Known) -> Contradiction | None:
    pairs = [
        (wanted, check)
        for wanted in point.statements
        if wanted.id in stated
        for check in wanted.contradicted_by
        if check in known.findings
    ]
    for wanted, check in pairs:
        if known.findings[check].outcome is Outcome.NOT_MET:
            return Contradiction(statement=wanted.id, check=check)
    for wanted, check in pairs:
        often = known.policy.measure_every_days.get(check)
        limits = [days for days in (wanted.measured_within_days, often) if days]
        if limits and known.age > min(limits):
            return Contradiction(statement=wanted.id, check=check, kind="stale", days=known.age)
    return None


def _status(kinds: Sequence[str]) -> str:
    if any(kind in FAILING for kind in kinds):
        return "failed"
    if any(kind not in SETTLED for kind in kinds):
        return "open"
    return "not_applicable" if set(kinds) == {"check_not_applicable"} else "passed"


def _verdict(answers: list[Answer], demonstration: int) -> Verdict:
    blocking = {answer.status for answer in answers if answer.blocking}
    gate: Literal["blocked", "undecided", "opens"] = "opens"
    if "open" in blocking:
        gate = "undecided"
    error = any(answer.broke for answer in answers)
    if error or blocking & {"failed", "contradicted"}:
        gate = "blocked"
    met = [a for a in answers if any(one.kind == "check_met" for one in a.reasons)]
    only_stated = [a for a in answers if a.stated and a not in met]
    return Verdict(
        gate=gate,
        counts=dict(sorted(Counter(answer.status for answer in answers).items())),
        measured=len(met),
        only_stated=len(only_stated),
        demonstration=demonstration,
    )
