"""Data Docs: what was expected, why, and what came of it; no value, and no other host."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from cas_audit import steps
from cas_audit.assure.seal import seal_audit
from cas_audit.errors import EvidenceError
from cas_audit.files import read_json, read_yaml, write_json
from cas_audit.ingest.known import Known
from cas_audit.ingest.step import ingest
from cas_audit.present.words import LANGUAGES, Language, Words
from tests.test_ingest import config, feed, raw

__all__ = ["feed", "raw"]

TOTAL = 987_654_321  # stated by the deliverer; nowhere near the rows offered
LABELS = (("komt niet uit", "niet gevraagd"), ("does not hold", "not asked"))
ELSEWHERE = re.compile(r"""https?:|ftp:|["'(]\s*//|@import|<script|<link|<iframe|<object|<img""")


@pytest.fixture
def audit(feed: Path, tmp_path: Path) -> Path:
    """Return an audit folder that was ingested and sealed, with a control total that is off."""
    plain = config(feed)
    assert plain.sources.incidents is not None
    source = plain.sources.incidents.model_copy(update={"control_total": TOTAL})
    sources = plain.sources.model_copy(update={"incidents": source})
    ingest(plain.model_copy(update={"sources": sources}), tmp_path / "audit/dossier")
    seal_audit(tmp_path / "audit")
    return tmp_path / "audit"


def test_every_expectation_and_its_why_is_there(audit: Path, tmp_path: Path) -> None:
    """In both languages, with what came of it."""
    pages = [page.read_text() for page in steps.docs(audit, tmp_path / "docs")]
    suites = [read_yaml(path) for path in (audit / "dossier/ingest").glob("*.suite.yaml")]
    asked = [one for suite in suites for one in suite["expectations"]]

    assert len(LANGUAGES) == len(pages)
    assert len(asked) > 40
    for page, labels in zip(pages, LABELS, strict=True):
        assert [] == [one for one in asked if one["type"] not in page]
        assert [] == [one for one in asked if escape(one["meta"]["notes"]) not in page]
        assert len(asked) == page.count('<span class="badge')
        assert all(f"{label}</span>" in page for label in labels)


def test_no_page_asks_another_host_for_anything(audit: Path, tmp_path: Path) -> None:
    """No address, script, image or style sheet stands in any file of the folder."""
    steps.docs(audit, tmp_path / "docs")
    files = [path.read_text() for path in (tmp_path / "docs").rglob("*") if path.is_file()]

    assert len(files) >= 3
    assert [] == [found for text in files for found in ELSEWHERE.findall(text)]
    assert ["https:", "<script"] == ELSEWHERE.findall('<a href="https://x.nl"><script>')


def test_no_value_and_no_exact_total_is_shown(audit: Path, tmp_path: Path) -> None:
    """Codes of areas, weeks and what a deliverer states are named, not told."""
    steps.docs(audit, tmp_path / "docs")
    text = "".join(path.read_text() for path in (tmp_path / "docs").glob("*.html"))
    incidents = read_json(audit / "dossier/data/quality.json")["incidents"]
    text += text.replace(",", "").replace(".", "")  # as numbers are written in either language
    values = ["BU9999", "2025-", str(TOTAL), str(incidents["offered"])]

    assert incidents["offered"] % 10
    assert [] == [value for value in values if value in text]


def test_a_small_count_is_not_shown(audit: Path, tmp_path: Path) -> None:
    """Of three rows as of four."""
    path = audit / "dossier/ingest/incidents.validation.json"
    found = read_json(path)
    for one in found["results"]:
        one |= {"success": False, "elements": 77, "unexpected": 3}
    write_json(path, found)
    seal_audit(audit)
    steps.docs(audit, tmp_path / "docs")
    page = (tmp_path / "docs/data-docs.en.html").read_text()
    part = page[page.index('<section id="incidents"') : page.index('<section id="suspects"')]
    numbers = re.findall(r'<td class="number">(.*?)</td>', part)

    assert len(found["results"]) == numbers.count("77")
    assert {"77", "4"} == set(numbers)


def spoil(audit: Path) -> None:
    """Change evidence behind the back of the seal."""
    write_json(audit / "dossier/ingest/areas.validation.json", {"results": []})


def empty(audit: Path) -> None:
    """Leave no results, and seal that."""
    for path in (audit / "dossier/ingest").glob("*.validation.json"):
        path.unlink()
    seal_audit(audit)


@pytest.mark.parametrize(
    ("change", "said"), [(spoil, "as it was sealed"), (empty, "run `cas-audit ingest` first")]
)
def test_no_docs_of_evidence_that_changed_or_is_not_there(
    audit: Path, tmp_path: Path, change: Any, said: str
) -> None:
    """Nothing is written then."""
    change(audit)

    with pytest.raises(EvidenceError, match=said):
        steps.docs(audit, tmp_path / "docs")
    assert not (tmp_path / "docs").exists()


def test_docs_replace_docs_and_nothing_else(audit: Path, tmp_path: Path) -> None:
    """A folder of ours is written anew; another file in it is not thrown away."""
    first = steps.docs(audit, tmp_path / "docs")
    again = steps.docs(audit, tmp_path / "docs")
    (tmp_path / "docs/mine.txt").write_text("")

    assert first == again
    with pytest.raises(EvidenceError, match="not written by cas-audit"):
        steps.docs(audit, tmp_path / "docs")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_has_a_name(language: Language) -> None:
    """A page names what an expectation is held against."""
    facts = {f"fact_{one.name}" for one in dataclasses.fields(Known)}

    assert len(facts) > 10
    assert set() == facts - set(Words(language).names)
