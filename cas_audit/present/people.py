"""What people said, decided and must do, as the report shows it: statements, policy, risks."""

from pathlib import Path
from typing import Any

from cas_audit.assure.answers import Answer, Answers
from cas_audit.assure.framework import Framework
from cas_audit.assure.gate import Rests
from cas_audit.assure.policy import Tolerance
from cas_audit.assure.revisions import past
from cas_audit.assure.risks import Register, RiskEntry
from cas_audit.assure.stated import Stated
from cas_audit.config import read_record
from cas_audit.errors import EvidenceError
from cas_audit.present.words import Words

__all__ = [
    "show_history",
    "show_policy",
    "show_risks",
    "show_role",
    "show_stated",
    "show_waiver",
]


def show_stated(words: Words, framework: Framework, stated: Stated) -> dict[str, Any]:
    """Return who stated what, who signed it, and what happened to it since."""
    statement = stated.statement
    more = []
    if stated.signed_by:
        more.append(words.people("signed", names=", ".join(stated.signed_by)))
    if stated.accepted:
        more = [words.people("accepted", name=stated.accepted.name, on=stated.accepted.on)]
    if statement.document:
        more.append(words.people("document", **statement.document.model_dump()))
    if statement.risk:
        more.append(words.people("remains", level=words.page["risks"][statement.risk.level]))
    if stated.revoked:
        said = stated.revoked
        more.append(words.people("revoked", name=said.name, on=said.on, reason=said.reason))
    if stated.doubt and not stated.revoked:
        more.append(f"{_upper(words.page['reasons'][f'statement_{stated.doubt}'])}.")
    more.append(words.people("id", id=stated.id))
    return {
        "name": statement.name,
        "role": show_role(words, framework, statement.role),
        "denies": not statement.holds,
        "on": words.format_field(statement.date, "date"),
        "until": words.format_field(statement.valid_until, "date"),
        "claim": statement.claim,
        "more": " ".join(more),
    }


def show_role(words: Words, framework: Framework, role: str) -> str:
    """Return how a role is called; one the framework does not know is shown as it was written."""
    known = framework.roles.get(role)
    return str(getattr(known, words.language)) if known else role


def show_waiver(words: Words, known: Rests, answers: Answers, answer: Answer) -> str | None:
    """Say who waived a point, why and until when; nothing where nobody did."""
    kinds = {reason.kind for reason in answer.reasons}
    waiver = known.policy.waiver(known.framework, answer.id, answers.on)
    if waiver is None or not kinds & {"waiver", "waiver_expired"}:
        return None
    key = "waived" if "waiver" in kinds else "waiver_ended"
    return words.people(key, until=waiver.until, owner=waiver.owner, reason=waiver.reason)


def show_history(words: Words, folder: Path) -> dict[str, list[str]]:
    """Return per point what was answered in earlier revisions, where any answer changed since."""
    said: dict[str, list[str]] = {}
    for number, aside in enumerate(past(folder), 1):
        path = aside / "answers.json"
        if not path.is_file():
            continue
        answers = read_record(Answers, path, EvidenceError)
        for one in answers.answers:
            status = words.page["statuses"][one.status]
            line = words.people("history_one", number=number, on=answers.on, status=status)
            said.setdefault(one.id, []).append(line)
    return said


def show_policy(words: Words, known: Rests, answers: Answers) -> dict[str, Any]:
    """Return under whose policy was answered, and where it asks more, or less, than a framework."""
    policy = known.policy
    key = "policy_of" if policy.keys else "policy_none"
    return {
        "sentence": words.people(key, organisation=policy.organisation),
        "digest": answers.policy,
        "revision": answers.revision > 1 and words.people("revision", number=answers.revision),
        "looser": [
            words.people(
                "policy_looser_one",
                point=one.point,
                check=words.title(one.check),
                threshold=words.name(one.threshold),
            )
            for one in answers.looser
        ],
        "tolerances": [
            _tolerance(words, check, name, bound, answers)
            for check, bounds in policy.tolerances.items()
            for name, bound in bounds.items()
        ],
    }


def _tolerance(
    words: Words, check: str, name: str, bound: Tolerance, answers: Answers
) -> dict[str, Any]:
    limits = {"at_least": bound.at_least, "at_most": bound.at_most}
    said = words.people(
        "policy_tolerance",
        check=words.title(check),
        threshold=words.name(name),
        bound=", ".join(
            words.people(key, value=words.precise(value))
            for key, value in limits.items()
            if value is not None
        ),
        basis=words.people(bound.basis),
        owner=bound.owner,
        reason=bound.reason,
        until=bound.until,
    )
    return {"sentence": said, "due": bound.until < answers.on}


def show_risks(words: Words, framework: Framework, register: Register) -> list[dict[str, Any]]:
    """Return the rows of the risk register."""
    titles = {point.id: getattr(point.title, words.language) for point in framework.points}
    return [_risk(words, titles[one.point], one) for one in register.risks]


def _risk(words: Words, title: str, risk: RiskEntry) -> dict[str, Any]:
    levels = words.page["risks"]
    level = levels[risk.proposed]
    if risk.set:
        level = words.people("set", level=levels[risk.set], by=risk.set_by, proposed=level)
    return {
        "point": risk.point,
        "title": title,
        "status": risk.status,
        "level": level,
        "owner": risk.owner or words.people("risk_unowned"),
        "treatment": risk.treatment or words.people("risk_untreated"),
        "review": words.format_field(risk.review, "date")
        if risk.review
        else words.people("risk_unreviewed"),
        "stale": risk.stale,
    }


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
