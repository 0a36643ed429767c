"""The points as the report shows them: verdict, counts, and each point with what it rests on."""

from typing import Any

from cas_audit.assure.answers import Answer, Answers
from cas_audit.assure.framework import Framework, Point
from cas_audit.assure.laws import list_laws
from cas_audit.assure.statements import Statement
from cas_audit.audit.finding import Finding
from cas_audit.present.words import Words

__all__ = ["show_counts", "show_points", "show_verdict"]


def show_verdict(words: Words, answers: Answers) -> dict[str, Any]:
    """Return the verdict as one sentence, and how much of it was measured."""
    blocking = [answer for answer in answers.answers if answer.blocking]
    values = {
        "points": len(answers.answers),
        "bad": sum(answer.status in {"failed", "contradicted"} for answer in blocking),
        "open": sum(answer.status == "open" for answer in blocking),
        "measured": answers.verdict.measured,
        "only_stated": answers.verdict.only_stated,
    }
    gate = answers.verdict.gate
    said = words.vformat(words.page["verdicts"][gate], (), values)
    return {"gate": gate, "sentence": said, "counted": words.text("counted", **values)}


def show_counts(words: Words, framework: Framework, answers: Answers) -> dict[str, Any]:
    """Count per perspective how many points have which status."""
    status = {answer.id: answer.status for answer in answers.answers}
    used = [name for name in words.page["statuses"] if name in set(status.values())]
    rows = []
    for name, title in framework.perspectives.items():
        points = [point.id for point in framework.points if point.perspective == name]
        numbers = [sum(status[point] == one for point in points) for one in used]
        rows.append({"name": name, "title": getattr(title, words.language), "numbers": numbers})
    return {"statuses": used, "rows": rows}


def show_points(
    words: Words,
    framework: Framework,
    answers: Answers,
    findings: list[Finding],
    statements: list[Statement],
) -> list[dict[str, Any]]:
    """Return every point by perspective: what was measured, what was stated, what is left."""
    said = {finding.check: words.sentence(finding) for finding in findings}
    by_id = {answer.id: answer for answer in answers.answers}
    return [
        {
            "name": name,
            "title": getattr(title, words.language),
            "points": [
                _point(words, framework, point, by_id[point.id], (said, statements))
                for point in framework.points
                if point.perspective == name
            ],
        }
        for name, title in framework.perspectives.items()
    ]


def _point(
    words: Words,
    framework: Framework,
    point: Point,
    answer: Answer,
    known: tuple[dict[str, str], list[Statement]],
) -> dict[str, Any]:
    said, statements = known
    reasons = {reason.about: reason.kind for reason in answer.reasons}
    return {
        "id": point.id,
        "title": getattr(point.title, words.language),
        "question": getattr(point.question, words.language),
        "status": answer.status,
        "blocking": point.blocking,
        "risk": words.page["risks"][answer.risk.proposed],
        "law": _law(words, point),
        "contradiction": answer.contradiction
        and words.text("contradiction", statement=answer.contradiction.statement),
        "measured": [
            {
                "check": demand.check,
                "title": words.title(demand.check),
                "kind": reasons[demand.check],
                "reason": words.page["reasons"][reasons[demand.check]],
                "sentence": said.get(demand.check, ""),
            }
            for demand in point.checks
        ],
        "stated": [
            {
                "id": wanted.id,
                "text": getattr(wanted.text, words.language),
                "kind": reasons[wanted.id],
                "reason": words.page["reasons"][reasons[wanted.id]],
                "role": _role(words, framework, wanted.role),
                "by": [
                    _signed(words, framework, one)
                    for one in statements
                    if one.statement == wanted.id
                ],
            }
            for wanted in point.statements
        ],
    }


def _law(words: Words, point: Point) -> str:
    named = [
        f"{getattr(law.short, words.language)} {', '.join(getattr(point.law, key))}"
        for key, law in list_laws().items()
        if getattr(point.law, key)
    ]
    return "; ".join(named)


def _signed(words: Words, framework: Framework, statement: Statement) -> dict[str, Any]:
    return {
        "name": statement.name,
        "role": _role(words, framework, statement.role),
        "denies": not statement.holds,
        "on": words.format_field(statement.date, "date"),
        "until": words.format_field(statement.valid_until, "date"),
        "claim": statement.claim,
    }


def _role(words: Words, framework: Framework, role: str) -> str:
    """Return how a role is called; one the framework does not know is shown as it was written."""
    known = framework.roles.get(role)
    return str(getattr(known, words.language)) if known else role
