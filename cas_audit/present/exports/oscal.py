"""OSCAL assessment results (NIST, 1.1.3): what was measured and stated, per point of the framework.

Every UUID is of version 5 and follows from digests, and every moment from the audit, so that the
same audit gives the same bytes. Roles are named, people are not.
"""

import uuid
from pathlib import Path
from typing import Any

from cas_audit.assure.answers import Answer
from cas_audit.assure.framework import Framework, Point
from cas_audit.assure.risks import RiskEntry
from cas_audit.audit.finding import Finding
from cas_audit.files import digest, write_json
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left
from cas_audit.present.exports.plain import plain
from cas_audit.present.exports.points import pairs, said_of, verdict
from cas_audit.present.exports.standards import OSCAL, demand_valid
from cas_audit.present.people import show_role
from cas_audit.present.words import Language, Words

__all__ = ["control_id", "make_results", "write_oscal"]

OURS = "urn:cas-audit:oscal"
VERSION = "1.1.3"
HOME = uuid.uuid5(uuid.NAMESPACE_URL, OURS)
SATISFIED = ("passed", "not_applicable")
REASONS = {"passed": "pass", "failed": "fail", "contradicted": "fail"}


def write_oscal(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the assessment results; nothing in them is left to people."""
    content = make_results(known, language)
    demand_valid(OSCAL, content)
    write_json(out / "oscal-assessment-results.json", content)
    return []


def make_results(known: Known, language: Language) -> dict[str, Any]:
    """Return the assessment results of one audit."""
    words, title = known.words(language), _title(known, language)
    ids = _Ids(digest(known.folder / "answers.json"))
    return {
        "assessment-results": {
            "uuid": ids.of("document", language),
            "metadata": {
                "title": title,
                "last-modified": _moment(known.answers.on),
                "version": known.manifest.version,
                "oscal-version": VERSION,
                "props": [
                    _prop("verdict", known.answers.verdict.gate),
                    _prop("origin", known.manifest.origin),
                ],
            },
            "import-ap": {"href": f"#{ids.of('framework')}"},
            "results": [_result(known, words, ids, title)],
            "back-matter": {"resources": _resources(known, words, ids)},
        }
    }


class _Ids:
    """The ids of one audit: the same of the same thing, another of every other audit."""

    def __init__(self, about: str) -> None:
        self._home = uuid.uuid5(HOME, about)

    def of(self, *what: str) -> str:
        return str(uuid.uuid5(self._home, "/".join(what)))


def _result(known: Known, words: Words, ids: _Ids, title: str) -> dict[str, Any]:
    told = {one.point for one in known.risks.risks}
    findings = [_finding(known, words, ids, pair, told) for pair in pairs(known)]
    observations = [_measured(known, words, ids, one) for one in known.findings]
    observations += _statements(known, words, ids)
    result: dict[str, Any] = {
        "uuid": ids.of("result"),
        "title": title,
        "description": plain(verdict(known, words)),
        "start": _moment(known.manifest.reference_date),
        "end": _moment(known.answers.on),
        "reviewed-controls": {
            "control-selections": [
                {
                    "include-controls": [
                        {"control-id": _control(known, p.id)} for p, _ in pairs(known)
                    ]
                }
            ]
        },
        "observations": observations,
        "risks": [_risk(known, words, ids, one) for one in known.risks.risks],
        "findings": findings,
    }
    return {key: said for key, said in result.items() if said}  # no list may be empty


def _finding(
    known: Known, words: Words, ids: _Ids, pair: tuple[Point, Answer], told: set[str]
) -> dict[str, Any]:
    point, answer = pair
    found = {finding.check for finding in known.findings}
    seen = [ids.of("check", one.check) for one in point.checks if one.check in found]
    seen += [
        ids.of("statement", one.id) for wanted in point.statements for one in said_of(known, wanted)
    ]
    met = answer.status in SATISFIED
    status = {
        "state": "satisfied" if met else "not-satisfied",
        "reason": REASONS.get(answer.status, "other"),
        "remarks": words.page["statuses"][answer.status],
    }
    said: dict[str, Any] = {
        "uuid": ids.of("point", point.id),
        "title": f"{point.id} {getattr(point.title, words.language)}",
        "description": getattr(point.question, words.language),
        "props": [_prop("status", answer.status), _prop("blocking", str(point.blocking).lower())],
        "target": {
            "type": "objective-id",
            "target-id": _control(known, point.id),
            "status": status,
        },
        "related-observations": [{"observation-uuid": one} for one in seen],
        "related-risks": [{"risk-uuid": ids.of("risk", point.id)}] if point.id in told else [],
    }
    return {key: value for key, value in said.items() if value}


def _measured(known: Known, words: Words, ids: _Ids, finding: Finding) -> dict[str, Any]:
    props = {
        "check": finding.check,
        "outcome": finding.outcome.value,
        "estimand": finding.estimand.value,
        "estimate": finding.estimate,
    }
    return {
        "uuid": ids.of("check", finding.check),
        "title": words.title(finding.check),
        "description": plain(words.sentence(finding)),
        "props": [_prop(name, str(value)) for name, value in props.items() if value is not None],
        "methods": ["TEST"],
        "relevant-evidence": [
            {"href": f"#{ids.of('findings.json')}", "description": finding.check}
        ],
        "collected": _moment(known.manifest.reference_date),
    }


def _statements(known: Known, words: Words, ids: _Ids) -> list[dict[str, Any]]:
    """Return what people stated and counts: which sentence, in which role, until when."""
    return [
        {
            "uuid": ids.of("statement", one.id),
            "title": wanted.id,
            "description": getattr(wanted.text, words.language),
            "props": [
                _prop("role", show_role(words, known.rests.framework, one.statement.role)),
                _prop("holds", str(one.statement.holds).lower()),
                _prop("id", one.id),
            ],
            "methods": ["INTERVIEW"],
            "collected": _moment(one.made_on),
            "expires": _moment(one.statement.valid_until),
        }
        for point in known.rests.framework.points
        for wanted in point.statements
        for one in said_of(known, wanted)
    ]


def _risk(known: Known, words: Words, ids: _Ids, risk: RiskEntry) -> dict[str, Any]:
    titles = {one.id: getattr(one.title, words.language) for one in known.rests.framework.points}
    level = words.page["risks"][risk.set or risk.proposed]
    said = {
        "uuid": ids.of("risk", risk.point),
        "title": f"{risk.point} {titles[risk.point]}",
        "description": words.page["statuses"][risk.status],
        "statement": words.document("treated_yes" if risk.treatment else "treated_no"),
        "props": [_prop("level", risk.set or risk.proposed), _prop("level-in-words", level)],
        "status": "open",
    }
    return said | ({"deadline": _moment(risk.review)} if risk.review else {})


def _resources(known: Known, words: Words, ids: _Ids) -> list[dict[str, Any]]:
    """Return what is referred to: the framework in the place of a plan, and the evidence."""
    framework = known.rests.framework
    named = [
        {
            "uuid": ids.of(name),
            "title": name,
            "rlinks": [{"href": name, "hashes": [{"algorithm": "SHA-256", "value": value}]}],
        }
        for name, value in known.digests().items()
    ]
    plan = {
        "uuid": ids.of("framework"),
        "title": getattr(framework.title, words.language),
        "description": plain(getattr(framework.source, words.language)),
    }
    return [plan, *named]


def _title(known: Known, language: Language) -> str:
    manifest = known.manifest
    return f"{plain(getattr(manifest.title, language))}, {manifest.version}"


def _control(known: Known, point: str) -> str:
    return control_id(known.rests.framework, point)


def control_id(framework: Framework, point: str) -> str:
    """Return the number of a point as OSCAL can write it: 5(1)(d) becomes 5.1.d."""
    number = point.replace("(", ".").replace(")", "")
    return f"{framework.framework}-{framework.version}_{number}"


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": OURS, "value": plain(value)}


def _moment(day: Any) -> str:  # noqa: ANN401 - a date
    """Return the beginning of a day: no clock is looked at."""
    return f"{day}T00:00:00Z"
