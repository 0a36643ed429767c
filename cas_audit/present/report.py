"""The report: one page a language, with everything in it and no other host behind it."""

import base64
from pathlib import Path
from typing import Any

from cas_audit.assure.answers import Answers
from cas_audit.assure.framework import load_framework
from cas_audit.assure.gate import read_findings, read_rests
from cas_audit.assure.risks import Register
from cas_audit.audit.dossier import Dossier, Manifest
from cas_audit.audit.record import few_behind, in_tens
from cas_audit.config import read_record
from cas_audit.errors import EvidenceError
from cas_audit.files import digest
from cas_audit.present.choices import show_choices
from cas_audit.present.findings import show_finding
from cas_audit.present.form import load_script, show_form
from cas_audit.present.maps import draw_flags
from cas_audit.present.people import show_history, show_policy, show_risks, show_waiver
from cas_audit.present.points import show_counts, show_points, show_verdict
from cas_audit.present.receipts import show_receipts
from cas_audit.present.template import load_template
from cas_audit.present.words import LANGUAGES, Words, name_words

__all__ = ["write_reports"]

SPLIT = "model/split.json"  # there only where we fitted the model, and so know what it had seen


def write_reports(folder: Path) -> None:
    """Write `report.nl.html` and `report.en.html` into an audit folder.

    Raises:
        EvidenceError: the folder lacks findings.
        ProgrammeError: a text is missing.
    """
    dossier = Dossier(folder / "dossier")
    known = read_rests(folder)
    framework = known.framework
    findings = read_findings(folder).findings
    answers = read_record(Answers, folder / "answers.json", EvidenceError)
    risks = read_record(Register, folder / "risks.json", EvidenceError)
    template, script = load_template("report"), load_script("report")
    for language in LANGUAGES:
        words = name_words(dossier, language)
        page = template.render(
            words=words,
            answers_digest=digest(folder / "answers.json"),
            say=words.text,
            language=language,
            system=_system(dossier, words),
            verdict=show_verdict(words, answers),
            counts=show_counts(words, framework, answers),
            perspectives=show_points(words, framework, answers, findings, known.statements),
            findings=[show_finding(words, finding) for finding in findings],
            themes=[_theme(dossier, words, theme) for theme in dossier.manifest.themes],
            choices=show_choices(dossier, words),
            receipts=show_receipts(dossier, words),
            waivers={one.id: show_waiver(words, known, answers, one) for one in answers.answers},
            history=show_history(words, folder),
            policy=show_policy(words, known, answers),
            risks=show_risks(words, framework, risks),
            demonstration=answers.verdict.demonstration,
            form=show_form(words, framework, dossier.manifest.name),
            script=script,
        )
        (folder / f"report.{language}.html").write_text(page, encoding="utf-8")


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
        "channels": ", ".join(map(words.name, manifest.channels)) or words.text("none"),
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


def _theme(dossier: Dossier, words: Words, theme: str) -> dict[str, Any]:
    flags = dossier.table("public/flags.parquet").query("theme == @theme").set_index("cell")
    published = dossier.json("public/publication.json")
    counts = published["themes"][theme]
    cells = dossier.table("data/cells.parquet")
    grid = dossier.json("data/grid.json")
    scale = words.text(_period("map_scale", dossier) if published["weeks"] else "map_scale_once")
    labels = {"scale": scale, "withheld": words.text("map_withheld")}
    image = draw_flags(flags["share"], cells, grid, labels=labels)
    hidden = "map_published" if counts["blurred"] or counts["withheld"] else "map_all_shown"
    return {
        "name": words.name(theme),
        "map": base64.b64encode(image).decode("ascii"),
        "map_text": _map_text(dossier, words, theme),
        "map_published": words.text(hidden, smallest=published["smallest_population"], **counts),
        "map_source": words.text("map_source", crs=grid["crs"], size=grid["cell_size_m"]),
        **_scores(dossier, words, theme),
    }


def _map_text(dossier: Dossier, words: Words, theme: str) -> str:
    """Say what the map shows; of forecasts made elsewhere, what is known of them."""
    published = dossier.json("public/publication.json")
    counts = published["themes"][theme]
    values = {
        "theme": theme,
        "weeks": published["weeks"] * _period_weeks(dossier),
        "cells": counts["cells"],
        "share": counts["flagged_share"],
        "each": words.text(_period("each", dossier)),
    }
    if dossier.has(SPLIT):
        dilated = dossier.json("model/scores.json")[theme]["model"]["dilated_share"]
        said = words.text("map_text", dilated=dilated, **values)
        return f"{said} {_chosen(dossier, words)}".rstrip()
    said = words.text("map_given" if published["weeks"] else "map_once", **values)
    by_area = dossier.json("model/parameters.json")["unit"] == "area"
    return f"{said} {words.text('map_areas')}" if by_area else said


def _chosen(dossier: Dossier, words: Words) -> str:
    """Say by which rule cells were flagged, why, and who decided; nothing for the plain top."""
    rule = dossier.json("model/parameters.json").get("choice")
    if not rule:
        return ""
    told = words.text(f"rule_{rule['method']}", setting=rule["setting"])
    reason = rule["reason"][words.language]
    return words.text("map_chosen", rule=told, reason=reason, by=rule["decided_by"])


def _period_weeks(dossier: Dossier) -> int:
    """Return for how many weeks one map stands: tables hold a row a period."""
    return int(dossier.json("model/parameters.json").get("period_weeks", 1))


def _period(text: str, dossier: Dossier) -> str:
    """Return the key of a text that speaks of weeks or of fortnights."""
    return f"{text}_fortnight" if _period_weeks(dossier) > 1 else text


def _scores(dossier: Dossier, words: Words, theme: str) -> dict[str, Any]:
    """Return how well a theme was forecast, as far as it is known and may be shown."""
    if not dossier.has("model/scores.json"):
        return {"scores": None, "scores_note": words.text("scores_none")}
    scores = dossier.json("model/scores.json")[theme]
    periods = dossier.table("model/weekly.parquet")["week"].nunique()
    known = {
        "weeks": periods * _period_weeks(dossier),
        "incidents": in_tens(scores["model"]["incidents"]),
    }
    notes = [words.text("scores_note" if dossier.has(SPLIT) else "scores_note_given", **known)]
    if "counting" not in scores:
        notes.append(words.text("counting_short"))
    shown = [name for name in ("model", "counting") if name in scores]
    rows = [_rates(words, name, scores[name]) for name in shown if not few_behind(scores[name])]
    if len(rows) < len(shown):
        notes.append(words.text("scores_hidden"))
    return {"scores": rows, "scores_note": " ".join(notes)}


def _rates(words: Words, name: str, rates: dict[str, Any]) -> list[str]:
    return [
        words.text(name),
        words.format_field(rates["hit_rate"], "percent"),
        words.format_field(rates["near_hit_rate"], "percent"),
        words.format_field(rates["dilated_share"], "percent"),
        words.format_field(rates["pai"], "decimal"),
        words.format_field(rates["precision"], "percent"),
    ]
