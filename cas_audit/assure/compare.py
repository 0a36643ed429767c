"""Two audits beside each other: what got worse, what expires soon, and who must act."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from cas_audit.assure.answers import SETTLED, Answer, Answers, Status, counting
from cas_audit.assure.gate import Rests, derive, derive_risks, read_findings, read_rests
from cas_audit.assure.risks import Register
from cas_audit.assure.seal import differences
from cas_audit.audit.finding import Outcome
from cas_audit.config import Strict, read_record
from cas_audit.errors import EvidenceError
from cas_audit.files import digest

__all__ = ["SOON", "Act", "Change", "Comparison", "Expiry", "Turned", "compare"]

SOON = timedelta(days=30)
STATUSES: dict[str, int] = {
    "not_applicable": 0,
    "passed": 0,
    "waived": 1,
    "open": 2,
    "failed": 3,
    "contradicted": 4,
}
OUTCOMES = {
    Outcome.MET: 0,
    Outcome.NOT_APPLICABLE: 0,
    Outcome.INSUFFICIENT: 1,
    Outcome.UNAVAILABLE: 1,
    Outcome.NOT_MET: 2,
    Outcome.ERROR: 3,
}


class Change(Strict):
    """A point whose status changed."""

    point: str
    old: Status
    new: Status
    worse: bool


class Turned(Strict):
    """A check whose outcome changed; null where it was not asked."""

    check: str
    old: Outcome | None
    new: Outcome | None
    worse: bool


class Expiry(Strict):
    """Something whose last day has passed or is near; `who` is a name, `role` one of the framework.

    A statement is named by what is asked, a waiver and a review by their point, a tolerance by
    check and threshold, a key by its id.
    """

    kind: Literal["statement", "waiver", "tolerance", "key", "review"]
    about: str
    last_day: date
    passed: bool
    who: str | None = None
    role: str | None = None


class Act(Strict):
    """What somebody must do: state something, or look after what was measured at a point."""

    point: str
    blocking: bool
    reason: str
    about: str
    who: str | None = None
    role: str | None = None


class Comparison(Strict):
    """The difference between an audit and the one before; both are named by their seal."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    old: str
    new: str
    on: date
    points: list[Change]
    checks: list[Turned]
    expires: list[Expiry]
    act: list[Act]


def compare(old: Path, new: Path, on: date | None = None) -> Comparison:
    """Hold an audit against the one before.

    Args:
        old: the earlier audit.
        new: the later one.
        on: the day from which 30 days are counted; by default that of the later answers.

    Raises:
        EvidenceError: one of them changed after it was sealed or was not answered, the later
            answers do not follow, or they are about another system or framework.
    """
    before, after = _answers(old), _answers(new)
    known = read_rests(new)
    _refuse_other(old, known, before)
    if derive(new, after.on, known) != after:
        message = f"{new}: answers.json does not follow from what was found and stated."
        raise EvidenceError(message)
    day = on or after.on
    answers = after if day == after.on else derive(new, day, known)
    return Comparison(
        schema=1,
        old=digest(old / "audit.json"),
        new=digest(new / "audit.json"),
        on=day,
        points=list(_changes(before, answers)),
        checks=list(_turned(old, new)),
        expires=sorted(_expiries(known, answers), key=lambda one: (one.last_day, one.about)),
        act=list(_acts(known, answers)),
    )


def _answers(folder: Path) -> Answers:
    changed = differences(folder)
    if changed:
        message = f"{folder}: {changed[0]} Expected an audit as it was sealed."
        raise EvidenceError(message)
    path = folder / "answers.json"
    if not path.is_file():
        message = f"{folder} holds no answers.json; run `cas-audit answer` first."
        raise EvidenceError(message)
    return read_record(Answers, path, EvidenceError)


def _refuse_other(old: Path, known: Rests, before: Answers) -> None:
    about = {(one.framework, one.version) for one in before.answers}
    if about != {(known.framework.framework, known.framework.version)}:
        message = f"{old} answers another framework; expected the same as the later audit."
        raise EvidenceError(message)
    if read_rests(old).manifest.name != known.manifest.name:
        message = f"{old} is about another system; expected {known.manifest.name}."
        raise EvidenceError(message)


def _changes(before: Answers, after: Answers) -> Iterator[Change]:
    was = {one.id: one.status for one in before.answers}
    for one in after.answers:
        status = was.get(one.id, "open")
        if status != one.status:
            worse = STATUSES[one.status] > STATUSES[status]
            yield Change(point=one.id, old=status, new=one.status, worse=worse)


def _turned(old: Path, new: Path) -> Iterator[Turned]:
    was, now = (
        {one.check: one.outcome for one in read_findings(folder).findings} for folder in (old, new)
    )
    for check in sorted(was.keys() | now.keys()):
        before, after = was.get(check), now.get(check)
        if before != after:
            worse = _rank(after) > _rank(before)
            yield Turned(check=check, old=before, new=after, worse=worse)


def _rank(outcome: Outcome | None) -> int:
    return 1 if outcome is None else OUTCOMES[outcome]


def _expiries(known: Rests, answers: Answers) -> Iterator[Expiry]:
    for one in (*_of_statements(known, answers), *_of_policy(known, answers)):
        if one.last_day <= answers.on + SOON:
            yield one.model_copy(update={"passed": one.last_day < answers.on})


def _of_statements(known: Rests, answers: Answers) -> Iterator[Expiry]:
    """Give the last day on which what is asked is still stated, where it is."""
    stated = {name for answer in answers.answers for name in answer.stated}
    for point in known.framework.points:
        for wanted in point.statements:
            days = [
                min(said.valid_until, said.date + timedelta(days=wanted.valid_days))
                for one in counting(
                    known.statements, wanted, known.policy, known.manifest, answers.on
                )
                if (said := one.statement).holds
            ]
            if wanted.id in stated and days:
                yield Expiry(
                    kind="statement",
                    about=wanted.id,
                    last_day=max(days),
                    passed=False,
                    role=wanted.role,
                )


def _of_policy(known: Rests, answers: Answers) -> Iterator[Expiry]:
    policy = known.policy
    for waiver in policy.about(known.framework).waivers:
        yield Expiry(
            kind="waiver", about=waiver.point, last_day=waiver.until, passed=False, who=waiver.owner
        )
    for check, bounds in policy.tolerances.items():
        for name, bound in bounds.items():
            about = f"{check} {name}"
            yield Expiry(
                kind="tolerance", about=about, last_day=bound.until, passed=False, who=bound.owner
            )
    for role, held in policy.roles.items():
        for one in held:
            if one.until and one.public.id not in policy.revoked:
                about, who = one.public.id, one.name
                yield Expiry(
                    kind="key", about=about, last_day=one.until, passed=False, who=who, role=role
                )
    for risk in derive_risks(known, answers).risks:
        if risk.review:
            yield Expiry(
                kind="review", about=risk.point, last_day=risk.review, passed=False, who=risk.owner
            )


def _acts(known: Rests, answers: Answers) -> Iterator[Act]:
    register = derive_risks(known, answers)
    for answer in answers.answers:
        if answer.status in {"failed", "contradicted", "open"}:
            yield from _acts_at(known, register, answer)


def _acts_at(known: Rests, register: Register, answer: Answer) -> Iterator[Act]:
    """Ask the role for a statement, and the owner of the risk, where there is one, for the rest."""
    roles = {one.id: one.role for p in known.framework.points for one in p.statements}
    owner = next((one.owner for one in register.risks if one.point == answer.id), None)
    for reason in answer.reasons:
        if reason.kind in SETTLED or not reason.decides:
            continue
        role = roles.get(reason.about)
        yield Act(
            point=answer.id,
            blocking=answer.blocking,
            reason=reason.kind,
            about=reason.about,
            role=role,
            who=None if role else owner,
        )
    if answer.contradiction:
        said = answer.contradiction.statement
        yield Act(
            point=answer.id,
            blocking=answer.blocking,
            reason="contradicted",
            about=said,
            role=roles[said],
        )
