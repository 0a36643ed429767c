"""The report: one page a language, with everything in it and no other host behind it."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cas_audit.assure.answers import Answer, Answers
from cas_audit.assure.framework import Framework, Point, load_framework
from cas_audit.assure.gate import derive, read_findings
from cas_audit.assure.statements import Statement, read_statements
from cas_audit.audit.dossier import Dossier, Manifest
from cas_audit.audit.finding import Finding
from cas_audit.files import digest
from cas_audit.present.maps import draw_flags
from cas_audit.present.words import LANGUAGES, Language, Words
from cas_audit.rooms import room

__all__ = ["name_words", "write_reports"]


def write_reports(folder: Path) -> None:
    """Write `report.nl.html` and `report.en.html` into an audit folder.

    Raises:
        EvidenceError: the folder lacks findings.
        ProgrammeError: a text is missing.
    """
    dossier = Dossier(folder / "dossier")
    framework = load_framework(dossier.manifest.framework)
    findings = read_findings(folder).findings
    statements = read_statements(folder / "statements", framework)
    answers = derive(folder)
    environment = Environment(
        loader=FileSystemLoader(room("reports", "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    for language in LANGUAGES:
        words = name_words(dossier, language)
        page = template.render(
            words=words,
            say=words.text,
            language=language,
            system=_system(dossier, words),
            verdict=_verdict(words, answers),
            counts=_counts(words, framework, answers),
            perspectives=_perspectives(words, framework, answers, findings, statements),
            findings=[_finding(words, finding) for finding in findings],
            themes=[_theme(dossier, words, theme) for theme in dossier.manifest.themes],
            receipts=[_receipt(dossier, name) for name in _receipts(dossier)],
            demonstration=answers.verdict.demonstration,
        )
        (folder / f"report.{language}.html").write_text(page, encoding="utf-8")


def name_words(dossier: Dossier, language: Language) -> Words:
    """Return the words of a language, with the names of the dossier's groups."""
    names = {}
    for group in dossier.json("data/groups.json")["groups"]:
        for key in ("", "reference_"):
            label = group.get(f"{key}label")
            if label:
                names[group["reference" if key else "name"]] = label[language]
    return Words(language, names)


def _system(dossier: Dossier, words: Words) -> dict[str, Any]:
    manifest: Manifest = dossier.manifest
    purpose = dossier.yaml("purpose.yaml")
    language = words.language
    framework = load_framework(manifest.framework)

    def told(key: str) -> str | None:
        return purpose[key][language] if purpose.get(key) else None

    return {
        "title": getattr(manifest.title, language),
        "version": manifest.version,
        "reference": words.format_field(manifest.reference_date, "date"),
        "regime": words.name(manifest.regime),
        "themes": ", ".join(words.name(theme) for theme in manifest.themes),
        "channels": ", ".join(words.name(channel) for channel in manifest.channels),
        "origin": words.text(manifest.origin),
        "framework": getattr(framework.title, language),
        "source": getattr(framework.source, language),
        "goal": told("goal"),
        "action": told("action"),
        "stop": told("stop"),
        "owner": purpose.get("owner"),
        "evidence": digest(dossier.folder / "manifest.json"),
        "engine": manifest.cas_audit,
    }


def _verdict(words: Words, answers: Answers) -> dict[str, Any]:
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


def _counts(words: Words, framework: Framework, answers: Answers) -> dict[str, Any]:
    """Count per perspective how many points have which status."""
    status = {answer.id: answer.status for answer in answers.answers}
    used = [name for name in words.page["statuses"] if name in set(status.values())]
    rows = []
    for name, title in framework.perspectives.items():
        points = [point.id for point in framework.points if point.perspective == name]
        numbers = [sum(status[point] == one for point in points) for one in used]
        rows.append({"name": name, "title": getattr(title, words.language), "numbers": numbers})
    return {"statuses": used, "rows": rows}


def _perspectives(
    words: Words,
    framework: Framework,
    answers: Answers,
    findings: list[Finding],
    statements: list[Statement],
) -> list[dict[str, Any]]:
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
    laws = {"wpg": "Wpg", "avg": "AVG" if words.language == "nl" else "GDPR", "ai_act": "AI Act"}
    articles = [
        f"{laws[key]} {', '.join(values)}"
        for key, values in point.law.model_dump().items()
        if values
    ]
    return {
        "id": point.id,
        "title": getattr(point.title, words.language),
        "question": getattr(point.question, words.language),
        "status": answer.status,
        "blocking": point.blocking,
        "risk": words.page["risks"][answer.risk.proposed],
        "law": "; ".join(articles),
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
                "role": getattr(framework.roles[wanted.role], words.language),
                "by": [
                    {
                        "name": one.name,
                        "on": words.format_field(one.date, "date"),
                        "until": words.format_field(one.valid_until, "date"),
                        "claim": one.claim,
                    }
                    for one in statements
                    if one.statement == wanted.id
                ],
            }
            for wanted in point.statements
        ],
    }


def _finding(words: Words, finding: Finding) -> dict[str, Any]:
    texts = words.of_check(finding.check)
    low, high = finding.interval or (None, None)
    return {
        "check": finding.check,
        "version": finding.check_version,
        "title": texts["title"],
        "outcome": finding.outcome.value,
        "label": words.page["outcomes"][finding.outcome.value],
        "sentence": words.sentence(finding),
        "limits": texts["limits"],
        "remedy": texts["remedy"],
        "interim": finding.interim,
        "facts": [
            ("estimate", _figure(words, finding.estimate)),
            ("interval", _between(words, low, high)),
            ("level", finding.level and words.format_field(finding.level, "percent")),
            ("n", ", ".join(f"{words.name(k)} {_figure(words, v)}" for k, v in finding.n.items())),
            ("smallest", _figure(words, finding.smallest_gap)),
            ("estimand", words.page["estimands"][finding.estimand.value]),
            (
                "thresholds",
                "; ".join(
                    f"{words.name(k)} {_figure(words, v)}" for k, v in finding.thresholds.items()
                ),
            ),
        ],
        "tables": [_table(words, rows) for rows in finding.tables.values() if rows],
    }


def _between(words: Words, low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    return f"{_figure(words, low)} {words.text('until')} {_figure(words, high)}"


def _table(words: Words, rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = list(rows[0])
    return {
        "columns": [words.name(column) for column in columns],
        "rows": [[_cell(words, row.get(column)) for column in columns] for row in rows],
    }


def _cell(words: Words, value: object) -> str:
    if isinstance(value, str):
        return words.name(value) if value in words.names else value
    return _figure(words, value) or words.page["undefined"]


def _figure(words: Words, value: object) -> str | None:
    """Write a number with as many digits as it can carry; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return words.format_field(value, "integer")
    if isinstance(value, float) and abs(value) < 0.001:  # noqa: PLR2004 - else it reads 0.000
        return words.format_field(value, "scientific")
    return words.precise(float(str(value)))


def _theme(dossier: Dossier, words: Words, theme: str) -> dict[str, Any]:
    flags = dossier.table("forecasts.parquet").query("theme == @theme")
    cells = dossier.table("data/cells.parquet")
    grid = dossier.json("data/grid.json")
    scores = dossier.json("model/scores.json")[theme]
    weeks = int(flags["period"].nunique())
    image = draw_flags(
        flags.groupby("cell")["flagged"].mean(), cells, grid, scale_label=words.text("map_scale")
    )
    values = {
        "theme": theme,
        "weeks": weeks,
        "cells": len(cells),
        "share": float(flags["flagged"].mean()),
        "dilated": scores["model"]["dilated_share"],
    }
    return {
        "name": words.name(theme),
        "map": base64.b64encode(image).decode("ascii"),
        "map_text": words.text("map_text", **values),
        "map_source": words.text("map_source", crs=grid["crs"], size=grid["cell_size_m"]),
        "scores_note": words.text(
            "scores_note", weeks=weeks, incidents=scores["model"]["incidents"]
        ),
        "scores": [
            [
                words.text(name),
                words.format_field(scores[name]["hit_rate"], "percent"),
                words.format_field(scores[name]["near_hit_rate"], "percent"),
                words.format_field(scores[name]["dilated_share"], "percent"),
                words.format_field(scores[name]["pai"], "decimal"),
                words.format_field(scores[name]["precision"], "percent"),
            ]
            for name in ("model", "counting")
        ],
    }


def _receipts(dossier: Dossier) -> list[str]:
    return [name for name in dossier.names("ingest/") if name.endswith(".receipt.json")]


def _receipt(dossier: Dossier, name: str) -> dict[str, Any]:
    receipt: dict[str, Any] = dossier.json(name)
    return receipt
