"""Data Docs: every suite, its whys, and what came of it, from counts only.

Our own pages instead of the library's: see docs/decisions/0014.
"""

from pathlib import Path
from typing import Any

from cas_audit.audit.expectation import show_result
from cas_audit.errors import EvidenceError
from cas_audit.files import digest, read_json, read_yaml, write_json
from cas_audit.present.template import load_template
from cas_audit.present.words import LANGUAGES, Words

__all__ = ["write_docs"]


def write_docs(audit: Path, out: Path) -> list[Path]:
    """Write one page a language with every suite that was run, and `docs.json`.

    Args:
        audit: an audit folder that was ingested.
        out: an empty folder.

    Raises:
        EvidenceError: the audit holds no results of a suite.
    """
    folder = audit / "dossier/ingest"
    tables = sorted(path.name.split(".")[0] for path in folder.glob("*.validation.json"))
    if not tables:
        message = f"{audit} holds no results of a suite; run `cas-audit ingest` first."
        raise EvidenceError(message)
    template, pages = load_template("docs"), []
    for language in LANGUAGES:
        words = Words(language)
        shown = [_show_table(words, folder, table) for table in tables]
        page = template.render(words=words, say=words.text, language=language, tables=shown)
        pages.append(out / f"data-docs.{language}.html")
        pages[-1].write_text(page, encoding="utf-8")
    write_json(out / "docs.json", {"audit": digest(audit / "audit.json"), "tables": tables})
    return pages


def _show_table(words: Words, folder: Path, table: str) -> dict[str, Any]:
    """Return a suite beside its results, which stand in the same order."""
    suite = read_yaml(folder / f"{table}.suite.yaml")["expectations"]
    results = read_json(folder / f"{table}.validation.json")["results"]
    rows = [
        {
            **show_result(result),
            "notes": one["meta"]["notes"],
            "asks": [_ask(words, *pair) for pair in one["kwargs"].items() if pair[0] != "column"],
        }
        for one, result in zip(suite, results, strict=True)
    ]
    told = {word: sum(row["result"] == word for row in rows) for word in words.page["results"]}
    return {"name": table, "title": words.name(table), "rows": rows, "told": told}


def _ask(words: Words, key: str, value: Any) -> dict[str, str]:  # noqa: ANN401 - YAML
    """Return what is asked; a fact beside the table is named, since its value can be a count."""
    if isinstance(value, dict):
        return {"key": key, "value": words.name(f"fact_{value['$PARAMETER']}")}
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return {"key": key, "value": text}
