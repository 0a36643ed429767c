"""The receipt page: all a privacy officer asks of what came in, and nothing out of a row."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cas_audit.audit.dossier import Dossier, Manifest, seal_dossier
from cas_audit.config import Source
from cas_audit.files import read_json, read_yaml, write_json, write_yaml
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.step import ingest
from cas_audit.present.receipts import show_receipts, write_receipts
from cas_audit.present.words import LANGUAGES, Words
from cas_audit.rooms import room
from tests.test_ingest import config, feed, raw

__all__ = ["feed", "raw"]


def with_label() -> dict[str, Any]:
    """Return the contract of the areas with their name admitted."""
    contract = load_contract("areas").model_dump(mode="json")
    text = {"nl": "Hoe de buurt heet", "en": "What the neighbourhood is called"}
    name = {"role": "label", "type": "code", "group": None, "special_category": None}
    named = {**contract["columns"][0], **name, "name": "buurtnaam", "meaning": text, "why": text}
    contract["columns"].append(named)
    return contract


def lay(feed: Path, folder: Path, manifest: Manifest) -> Path:
    """Ingest a feed with few rows that are wrong, and seal what came in as a dossier."""
    table = pd.read_csv(feed / "incidents.csv", dtype=str)
    burglary = table.index[table["feitcode"] == "woninginbraak"]
    table.loc[burglary[:12], "pleegmoment"] = "ergens in mei"
    table.loc[burglary[20:23], "melding"] = "iemand@example.org"
    (feed / "feed.json").unlink()
    table.to_csv(feed / "incidents.csv", index=False)
    write_yaml(folder / "areas.contract.yaml", with_label())
    plain = config(feed, max_refused_share=0.5)
    areas = Source(path=str(feed / "areas.geojson"), contract=str(folder / "areas.contract.yaml"))
    sources = plain.sources.model_copy(update={"areas": areas})
    ingest(plain.model_copy(update={"sources": sources}), folder / "dossier")
    write_yaml(folder / "dossier/purpose.yaml", {"owner": "Team Zuid"})
    seal_dossier(folder / "dossier", manifest)
    return folder


@pytest.fixture
def audit(feed: Path, tmp_path: Path, manifest: Manifest) -> Path:
    """Return a folder with a dossier and its receipt pages."""
    lay(feed, tmp_path, manifest)
    write_receipts(tmp_path)
    return tmp_path


def plain(audit: Path, language: str) -> str:
    """Return what a page says, without its marks."""
    page = (audit / f"receipt.{language}.html").read_text()
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_receipts_say(audit: Path, language: Any) -> None:
    """Every column, purpose, digest, rule that turned rows away, and who owns the system."""
    said, words = plain(audit, language), Words(language)
    names = sorted((audit / "dossier/ingest").glob("*.receipt.json"))
    for path in names:
        receipt = read_json(path)
        contract = read_json(Path(str(path).replace(".receipt.", ".contract.")))
        used = [
            rule
            for part in ("refused", "left_out")
            for rule, one in receipt[part].items()
            if one["count"] != 0
        ]
        wanted = [one["purpose"][language] for one in contract["columns"]]
        wanted += [one["ground"] for one in contract["columns"]]
        wanted += [receipt[key] for key in ("sha256", "contract_sha256", "suite_sha256", "source")]
        wanted += receipt["admitted_columns"] + receipt["refused_columns"]
        wanted += [words.name(rule) for rule in used]

        assert [] == [one for one in wanted if one not in said]
    assert len(names) == 3
    assert "Team Zuid" in said


def test_a_few_rows_are_hidden_and_many_are_not(audit: Path) -> None:
    """Three rows with an e-mail address; at least a dozen without a moment."""
    receipt = read_json(audit / "dossier/ingest/incidents.receipt.json")
    said = plain(audit, "nl")
    moments = receipt["refused"]["no_readable_moment"]["count"]

    assert receipt["refused"]["looks_like_email"] == {"count": None, "suppressed": True}
    assert "geweigerd: lijkt op een e-mailadres" in said
    assert f"Het tijdstip ontbreekt of is niet te lezen. {moments}" in said
    assert re.search(r"op een persoonsgegeven lijkt\. verborgen", said)
    assert "iemand@example.org" not in said


def test_the_sum_of_refused_rows_tells_no_hidden_one(audit: Path) -> None:
    """It is what is shown, and one for each hidden part."""
    receipt = read_json(audit / "dossier/ingest/incidents.receipt.json")
    shown = sum(one["count"] or 0 for one in receipt["refused"].values())
    hidden = sum(one["suppressed"] for one in receipt["refused"].values())
    line = next(
        one
        for one in show_receipts(Dossier(audit / "dossier"), Words("en"))
        if one["table"] == "incidents"
    )

    assert hidden
    assert line["refused"] == f"at least {shown + hidden}"
    assert line["admitted"] == "hidden"


def test_an_area_is_shown_by_code_and_label(audit: Path, feed: Path) -> None:
    """Where the contract of the areas admits a label."""
    areas = json.loads((feed / "areas.geojson").read_text())["features"]
    first = areas[0]["properties"]
    page = (audit / "receipt.nl.html").read_text()

    assert f"<code>{first['buurtcode']}</code> {first['buurtnaam']}" in page


def test_a_suite_that_failed_is_said(audit: Path, manifest: Manifest) -> None:
    """With the expectation in words, what was not asked apart from it, and no value."""
    path = audit / "dossier/ingest/suspects.validation.json"
    validation = read_json(path)
    first, last = validation["results"][0], validation["results"][-1]
    first["success"], last["success"] = False, None
    write_json(path, validation)
    seal_dossier(audit / "dossier", manifest)
    write_receipts(audit)
    words = Words("nl")
    failed, silent = words.name(first["expectation"]), words.name(last["expectation"])
    page = plain(audit, "nl")

    assert f"Niet alle klopten: {failed} (" in page
    assert f"Niet gevraagd, omdat niet is opgegeven waarmee te vergelijken: {silent} (" in page


def test_both_languages_hold_the_same_texts() -> None:
    """Each text, rule and word of the one has its like in the other, with the same values."""
    texts = read_yaml(room("reports", "locale", "receipt.yaml"))
    fields = {
        language: {key: sorted(re.findall(r"{(\w+)", text)) for key, text in one["text"].items()}
        for language, one in texts.items()
    }

    assert fields["nl"] == fields["en"]
    assert set(texts["nl"]["rules"]) == set(texts["en"]["rules"])
    assert len(texts["nl"]["glossary"]) == len(texts["en"]["glossary"])


def test_every_text_of_the_page_is_used() -> None:
    """A sentence nobody shows is a sentence nobody checks."""
    template = room("reports", "templates", "receipt.html.j2").read_text()
    code = (Path(__file__).parent.parent / "cas_audit/present/receipts.py").read_text()
    keys = read_yaml(room("reports", "locale", "receipt.yaml"))["nl"]["text"]
    made = {"synthetic", "observed"} | {key for key in keys if key.startswith("wrong_")}

    assert [] == [
        key
        for key in keys
        if not re.search(f"[\"']{key}[\"']", template + code) and key not in made
    ]


def test_a_label_needs_the_contract_of_the_areas() -> None:
    """It is the one table that has a use for it."""
    contract = load_contract("complaints").model_dump(mode="json")
    label = {**contract["columns"][0], "role": "label", "name": "gebied"}

    with pytest.raises(ValueError, match="no use for: label"):
        Contract.model_validate({**contract, "columns": [*contract["columns"], label]})
