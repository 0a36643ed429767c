"""An audit on paper that holds what exports read, in which a test may put what it likes."""

from pathlib import Path
from typing import Any

from cas_audit.audit.dossier import Manifest
from cas_audit.files import read_json, write_json
from tests import paper

__all__ = ["HOSTILE", "NAMES", "SECRET", "config", "dossier", "make", "set_finding"]

NAMES = ("A. de Vries", "B. Bakker", "Holder of", "C. Eigenaar")
SECRET = 987_654_321  # a count that stands in the dossier and nowhere else
HOSTILE = (
    "# Kop\n\n<script>alert(1)</script> [klik](https://kwaad.example) ![x](y) **vet** `code`"
    " | a |\n"
    "1. een\n- twee\n> drie www.kwaad.example \u202eomgekeerd\u2028regel"
)


def column(name: str, role: str, **more: Any) -> dict[str, Any]:
    """Return a column of a contract."""
    text = {"nl": f"betekenis {name}", "en": f"meaning {name}"}
    plain = {"name": name, "role": role, "meaning": text, "purpose": text, "concerns": text}
    rest = {"ground": "Wpg 8", "retention_years": 5, "coarsened_to": "cell", "label": None}
    return {**plain, **rest, "special_category": None, "why": None, **more}


def config(**more: Any) -> dict[str, Any]:
    """Return a configuration."""
    text = {"nl": "Minder inbraken.", "en": "Fewer burglaries."}
    source = {"path": "x.csv", "contract": "x"}
    return {
        "name": "paper",
        "version": "1",
        "title": {"nl": "Proef", "en": "Trial"},
        "reference_date": "2026-01-05",
        "regime": "wpg_8",
        "purpose": {
            "goal": text,
            "action": text,
            "success": {"measure": "hit_rate", "at_least": 0.2},
            "owner": "C. Eigenaar",
        },
        "sources": {"incidents": source, "areas": source},
        "themes": ["home_burglary"],
        "channels": ["brought"],
        **more,
    }


def dossier(**of_config: Any) -> dict[str, Any]:
    """Return the files of a dossier that exports read, by path."""
    said = config(**of_config)
    none = {"count": 0, "suppressed": False}
    receipt = {
        "table": "incidents",
        "source": "x.csv",
        "sha256": "a" * 64,
        "offered": {"count": 100, "suppressed": False},
        "admitted": {"count": 90, "suppressed": False},
        "left_out": {"theme_not_asked": {"count": None, "suppressed": True}},
        "refused": {"no_readable_moment": none},
        "admitted_columns": ["x"],
        "refused_columns": ["naam"],
        "withheld_names": 0,
        "areas": [{"area": "BU1", "offered": SECRET, "admitted": SECRET}],
    }
    rates = {"hit_rate": 0.25, "near_hit_rate": 0.4, "pai": 8.0, "precision": 0.07}
    contract = {"table": "incidents", "title": {"nl": "Meldingen", "en": "Reports"}}
    return {
        "config.yaml": said,
        "purpose.yaml": said["purpose"],
        "ingest/incidents.receipt.json": receipt,
        "ingest/incidents.contract.json": {**contract, "columns": [column("x", "x")]},
        "ingest/incidents.validation.json": {"results": []},
        "data/grid.json": {"cell_size_m": 125.0, "crs": "EPSG:28992"},
        "model/parameters.json": {"model": "counting"},
        "model/split.json": {
            "train": {"first": "2024-01-01", "last": "2024-12-23", "weeks": 52},
            "test": {"first": "2025-01-06", "last": "2025-12-29", "weeks": 52},
        },
        "model/features.json": [
            {"name": "a", "source": "incidents", "about_persons": False},
        ],
        "model/scores.json": {"home_burglary": {"model": {**rates, "incidents": 6000}}},
        "public/publication.json": {"smallest_population": 10},
    }


def make(folder: Path, manifest: Manifest, files: dict[str, Any], **policy: Any) -> Path:
    """Write an audit on paper with those files, of which every finding can be said."""
    paper.make(folder, manifest, files, **policy)
    content = read_json(folder / "findings.json")
    for one in content["findings"]:
        one["message"] = "unavailable"  # a sentence that asks for no values
    write_json(folder / "findings.json", content)
    paper.answered(folder)
    return folder


def set_finding(folder: Path, check: str, **changes: Any) -> None:
    """Change a finding, and answer anew."""
    content = read_json(folder / "findings.json")
    for one in content["findings"]:
        if one["check"] == check:
            one.update(changes)
    write_json(folder / "findings.json", content)
    paper.answered(folder)
