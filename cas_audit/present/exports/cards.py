"""The system card and the assessment card of the Dutch government's algorithm reporting standard.

A system card holds a model card and an assessment card; the assessment card is also written by
itself. Nobody is named: the receiver asks for roles.
"""

from pathlib import Path
from typing import Any

from cas_audit.audit.record import few_behind
from cas_audit.files import digest, write_yaml
from cas_audit.present.exports.facts import (
    MEASURES,
    data_of,
    groups_of,
    human_of,
    model_of,
    purpose_of,
    short,
    themes_of,
    trial_of,
)
from cas_audit.present.exports.known import Known
from cas_audit.present.exports.left import Left, left_of
from cas_audit.present.exports.plain import plain
from cas_audit.present.exports.points import counted, pairs, resting, risks_of, said_of, verdict
from cas_audit.present.exports.standards import demand_valid
from cas_audit.present.people import show_role
from cas_audit.present.words import Language, Words

__all__ = ["make_assessment", "make_system", "write_assessment", "write_system"]

VERSION = "0.1a14"
TOOL = "urn:cas-audit:{version}"


def write_system(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the system card; return what is left to people."""
    card = make_system(known, language)
    demand_valid("systemcard_schema", card)
    write_yaml(out / "system-card.yaml", card)
    return left_of("system-card", card)


def write_assessment(known: Known, out: Path, language: Language) -> list[Left]:
    """Write the assessment card; every question of it has an answer, also where that is open."""
    card = make_assessment(known, language)
    demand_valid("assessmentcard_schema", card)
    write_yaml(out / "assessment-card.yaml", card)
    return []


def make_system(known: Known, language: Language) -> dict[str, Any]:
    """Return the fields of the system card that an audit can fill."""
    words, manifest = known.words(language), known.manifest
    card: dict[str, Any] = {
        "schema_version": VERSION,
        "provenance": _provenance(known),
        "name": plain(getattr(manifest.title, language)),
        "owners": [{"organization": known.organisation}] if known.organisation else None,
        "description": _text(*trial_of(known, words), short(known, words)),
        "labels": _labels(known, words),
        "goal_and_impact": _text(*purpose_of(known, words), words.document("about_places")),
        "risk_management": _text(counted(known, words), *risks_of(known, words)),
        "human_intervention": _text(*human_of(known, words)),
        "legal_base": _laws(known, words),
        "used_data": _text(_tables(known, words), words.document("gate"), groups_of(known, words)),
        "technical_design": _text(*model_of(known, words)),
        "references": _evidence(known),
        "version_requirements": _versions(known),
        "models": [_model(known, words)],
        "assessments": [make_assessment(known, language)],
    }
    return {key: said for key, said in card.items() if said}


def make_assessment(known: Known, language: Language) -> dict[str, Any]:
    """Return every point of the framework as a question with its answer."""
    words, framework = known.words(language), known.rests.framework
    return {
        "provenance": _provenance(known),
        "name": getattr(framework.title, language),
        "date": known.answers.on.isoformat(),
        "contents": [
            {
                "question": f"{point.id} {getattr(point.question, language)}",
                "answer": words.page["statuses"][answer.status],
                "remarks": _text(
                    *resting(known, words, point, answer),
                    *(
                        _who(known, words, one)
                        for wanted in point.statements
                        for one in said_of(known, wanted)
                    ),
                ),
            }
            for point, answer in pairs(known)
        ],
    }


def _who(known: Known, words: Words, stated: Any) -> str:  # noqa: ANN401 - Stated
    role = show_role(words, known.rests.framework, stated.statement.role)
    key = "stated_role" if stated.statement.holds else "denied_role"
    return words.document(key, role=role, on=stated.statement.date, id=stated.id)


def _provenance(known: Known) -> dict[str, str]:
    manifest = known.manifest
    said = {
        "timestamp": f"{known.answers.on}T00:00:00Z",
        "uri": TOOL.format(version=manifest.cas_audit),
    }
    return said | ({"git_commit_hash": manifest.code_commit} if manifest.code_commit else {})


def _labels(known: Known, words: Words) -> list[dict[str, str]]:
    manifest = known.manifest
    told = {
        words.text("version"): manifest.version,
        words.text("themes"): themes_of(known, words),
        words.text("regime"): words.name(manifest.regime),
        words.text("origin"): words.text(manifest.origin),
        words.document("outcome"): verdict(known, words),
    }
    return [{"name": name, "value": plain(value)} for name, value in told.items()]


def _laws(known: Known, words: Words) -> list[dict[str, str]]:
    if not known.law:
        return []
    law = words.documents["laws"][known.law]
    return [{"name": law["title"], "link": law["link"]}]


def _tables(known: Known, words: Words) -> str:
    titles = ", ".join(one["title"] for one in data_of(known, words))
    return words.document("tables", tables=titles)


def _versions(known: Known) -> list[str]:
    packages = known.manifest.packages
    return [f"Python {known.manifest.python}"] + [f"{one} {packages[one]}" for one in packages]


def _evidence(known: Known) -> list[dict[str, str]]:
    return [
        {"name": name, "link": f"urn:sha256:{value}"} for name, value in known.digests().items()
    ]


def _model(known: Known, words: Words) -> dict[str, Any]:
    """Return the model card: what it was fitted on, and its figures per theme and check.

    The standard asks for a licence; `other` is its word for one that is not in its list.
    """
    sealed = digest(known.folder / "dossier/manifest.json")
    result = {
        "task": [{"type": "ranking", "name": short(known, words)}],
        "datasets": _datasets(known, words),
        "metrics": [*_scores(known, words), *_findings(known, words)],
        "measurements": {},
    }
    title = plain(getattr(known.manifest.title, words.language))
    made = {"name": title, "model": f"urn:sha256:{sealed}", "results": [result]}
    return {"name": title, "license": {"license_name": "other"}, "model_index": [made]}


def _datasets(known: Known, words: Words) -> list[dict[str, str]]:
    digests = {
        one["table"]: one["sha256"]
        for one in map(known.dossier.json, known.dossier.ingested("receipt"))
    }
    return [
        {"type": one["table"], "name": one["title"], "revision": digests[one["table"]]}
        for one in data_of(known, words)
        if one["table"] in digests
    ]


def _scores(known: Known, words: Words) -> list[dict[str, str]]:
    """Return the figures of each theme, but of those with few incidents behind them."""
    scores = known.json("model/scores.json") or {}
    return [
        {
            "type": measure,
            "name": f"{words.name(measure)}: {words.name(theme)}",
            "dtype": "float",
            "value": str(round(one["model"][measure], 6)),
        }
        for theme, one in scores.items()
        if not few_behind(one["model"])
        for measure in MEASURES
    ]


def _findings(known: Known, words: Words) -> list[dict[str, str]]:
    return [
        {
            "type": finding.check,
            "name": words.title(finding.check),
            "dtype": "float",
            "value": str(round(finding.estimate, 6)),
        }
        for finding in known.findings
        if finding.estimate is not None
    ]


def _text(*sentences: str) -> str:
    return "\n".join(plain(one) for one in sentences if one)
