"""An entry for the Dutch Algorithm Register, by version 1.0 of its publication standard.

The names of the fields and the choices are those of the interface by which entries are delivered.
The register is in Dutch only.
"""

from pathlib import Path
from typing import Any

from cas_audit.files import write_json
from cas_audit.present.exports.facts import (
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
from cas_audit.present.exports.plain import as_html, fits
from cas_audit.present.exports.points import counted, risks_of
from cas_audit.present.exports.standards import REGISTER, demand_valid, load_standard
from cas_audit.present.words import Language, Words

__all__ = ["make_entry", "write_register"]

FILE = "algorithm-register.json"
SAFETY = "Openbare orde en veiligheid"


def write_register(known: Known, out: Path, language: Language) -> list[Left]:
    """Write what of an entry can be filled; return what is left to people."""
    del language  # the register is in Dutch
    entry = make_entry(known)
    demand_valid(REGISTER, entry)
    write_json(out / FILE, entry)
    return left_of("register", entry)


def make_entry(known: Known) -> dict[str, Any]:
    """Return the fields that an audit can fill, each within its length."""
    words = known.words("nl")
    most = _lengths()
    entry = {key: fits(text, most[key]) for key, text in _plain(known, words).items()}
    entry |= {key: _whole(text, most[key]) for key, text in _shown(known, words).items()}
    entry["risks"] = as_html(*_risks(known, words, most["risks"]))
    kept: dict[str, Any] = {key: text for key, text in entry.items() if text}
    return {**kept, **_chosen(known, words)}


def _plain(known: Known, words: Words) -> dict[str, str]:
    manifest = known.manifest
    return {
        "name": getattr(manifest.title, words.language),
        "description_short": " ".join([*trial_of(known, words), short(known, words)]),
        "organization": known.organisation,
        "source_id": f"{manifest.name} {manifest.version}",
        "tags": themes_of(known, words),
    }


def _shown(known: Known, words: Words) -> dict[str, list[str]]:
    """Return the fields that the register shows as HTML, in paragraphs."""
    tables = ", ".join(one["title"] for one in data_of(known, words))
    regime = words.name(known.manifest.regime)
    data = [words.document("tables", tables=tables), words.document("gate")]
    return {
        "goal": [
            *trial_of(known, words),
            *purpose_of(known, words),
            words.document("about_places"),
        ],
        "human_intervention": human_of(known, words),
        "lawful_basis": [words.document("lawful", regime=regime)] if known.law else [],
        "source_data": [*data, groups_of(known, words)],
        "methods_and_models": model_of(known, words),
    }


def _whole(paragraphs: list[str], most: int) -> str | None:
    """Return the paragraphs when they fit; half of what there is to say is not the truth."""
    return as_html(*paragraphs) if sum(map(len, paragraphs)) <= most else None


def _risks(known: Known, words: Words, most: int) -> list[str]:
    """Return as many risks as fit, the largest first, and how many more there are."""
    every = risks_of(known, words)
    head = counted(known, words)
    if not every:
        return [head, words.document("risks_none")]
    for shown in range(len(every), -1, -1):
        left = len(every) - shown
        more = [words.document("risks_more", more=left)] if left else []
        lines = [head, *every[:shown], *more]
        if sum(map(len, lines)) <= most:
            break
    return lines


def _chosen(known: Known, words: Words) -> dict[str, Any]:
    chosen: dict[str, Any] = {"category": [SAFETY], "lang": "nld", "standard_version": "1.0"}
    if known.law:
        chosen["lawful_basis_grouping"] = [words.documents["laws"][known.law]]
    framework = known.rests.framework
    chosen["impacttoetsen_grouping"] = [{"title": getattr(framework.title, words.language)}]
    return chosen


def _lengths() -> dict[str, int]:
    """Return how long each field may be, markup not counted."""
    fields = load_standard(REGISTER)["properties"]
    return {name: said["x-most"] for name, said in fields.items() if "x-most" in said}
