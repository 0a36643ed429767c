"""Documents for others: each fits its standard, and names nobody that it need not."""

import hashlib
import re
import shutil
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from markdown_it import MarkdownIt

from cas_audit import cli, schemas, steps
from cas_audit.assure.framework import load_framework
from cas_audit.assure.seal import seal_audit
from cas_audit.audit.dossier import Manifest
from cas_audit.errors import EvidenceError
from cas_audit.files import digest, read_json, read_yaml, write_json
from cas_audit.present.exports import standards
from cas_audit.present.exports.documents import BY_LAW, WRITERS
from cas_audit.present.exports.oscal import control_id
from cas_audit.present.exports.plain import markdown
from cas_audit.rooms import room
from tests import exportable, paper
from tests.exportable import HOSTILE, NAMES, SECRET

FRAMEWORKS = sorted(path.stem for path in room("reports", "frameworks").glob("*.yaml"))
BY_PEOPLE = {  # what a person could add to an entry of the register
    "status": "In gebruik",
    "contact_email": "algoritmes@politie.example",
    "publication_category": "Impactvolle algoritmes",
}


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an audit on paper; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("paper") / "audit"
    return exportable.make(folder, a_manifest(), exportable.dossier())


@pytest.fixture(scope="module")
def out(audit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return every document of that audit."""
    folder = tmp_path_factory.mktemp("documents") / "out"
    steps.export(audit, folder)
    return folder


@pytest.fixture
def copy(audit: Path, tmp_path: Path) -> Path:
    """Return an audit that a test may change."""
    return Path(shutil.copytree(audit, tmp_path / "audit"))


def a_manifest(**changes: Any) -> Manifest:
    """Return the manifest of an observed city."""
    plain = {
        "schema": 1,
        "name": "paper",
        "version": "1",
        "title": {"nl": "Proef", "en": "Trial"},
        "origin": "observed",
        "reference_date": "2026-01-05",
        "regime": "wpg_8",
        "themes": ["home_burglary"],
        "channels": ["brought"],
        "flagged_share": 0.03,
        "framework": "rekenkamer-2.0",
        "seed": 1,
        "cas_audit": "0",
        "python": "3.11",
        "packages": {"numpy": "2"},
    }
    return Manifest.model_validate({**plain, **changes})


def texts(folder: Path) -> dict[str, str]:
    """Return every file of a folder as text."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def test_an_entry_of_the_register_and_what_it_lacks_are_all_fields(out: Path) -> None:
    """With what people must add it is complete, and each field of the standard is in one of two."""
    standard = standards.load_standard(standards.REGISTER)
    entry = read_json(out / "algorithm-register.json")
    lacks = [one for one in read_json(out / "export.json")["left"] if one["document"] == "register"]
    whole = {**standard, "required": standard["x-required"]}

    assert set(standard["properties"]) == entry.keys() | {one["field"] for one in lacks}
    assert {"lawful_basis", "human_intervention"} == entry.keys() & {
        one["field"] for one in lacks if one["partly"]
    }
    assert not entry.keys() & {one["field"] for one in lacks if not one["partly"]}
    assert set(BY_PEOPLE) == {one["field"] for one in lacks if one["required"]}
    jsonschema.validate({**entry, **BY_PEOPLE}, whole)
    with pytest.raises(jsonschema.ValidationError, match="required"):
        jsonschema.validate(entry, whole)


def test_what_was_measured_of_people_who_decide_is_filled(copy: Path, tmp_path: Path) -> None:
    """And is still to be completed by a person; where nothing was measured it stays empty."""
    check = "process/humans_decide"
    for outcome, filled in (("not_met", True), ("unavailable", False)):
        exportable.set_finding(copy, check, outcome=outcome)
        steps.export(copy, tmp_path / "out", ["register", "system-card"])
        left = read_json(tmp_path / "out/export.json")["left"]
        entry = read_json(tmp_path / "out/algorithm-register.json")
        card = yaml.safe_load((tmp_path / "out/system-card.yaml").read_text())
        partly = [one["partly"] for one in left if one["field"] == "human_intervention"]

        assert [filled, filled] == ["human_intervention" in of for of in (entry, card)]
        assert [filled, filled] == partly


def test_what_is_left_says_who_could_fill_it(out: Path) -> None:
    """In both languages, and in the list for people."""
    left = read_json(out / "export.json")["left"]

    assert {"register", "system-card", "model-card", "data-sheet", *BY_LAW} == {
        one["document"] for one in left
    }
    for language in ("nl", "en"):
        page = (out / f"to-fill-in.{language}.md").read_text()
        assert all(one["who"][language] and markdown(one["why"][language]) in page for one in left)


def test_the_cards_fit_the_schemas_of_the_ministry(out: Path) -> None:
    """Held against the files as published, by a validator of the test's own."""
    system = yaml.safe_load((out / "system-card.yaml").read_text())
    assessment = yaml.safe_load((out / "assessment-card.yaml").read_text())
    for name, card in [
        ("assessmentcard_schema", assessment),
        ("modelcard_schema", system["models"][0]),
    ]:
        jsonschema.validate(card, standards.load_standard(name))
    alone = {
        **standards.load_standard("systemcard_schema"),
        "$id": "urn:test",
    }
    for of in ("models", "assessments"):
        alone["properties"][of] = {"type": "array"}
    jsonschema.validate(system, alone)

    assert system["assessments"] == [assessment]
    assert 55 == len(assessment["contents"])
    assert all(one["answer"] and one["remarks"] for one in assessment["contents"])


def test_oscal_results_fit_the_schema_of_nist(out: Path) -> None:
    """Each id is of version 5 and stands once, each reference leads somewhere, no clock counts."""
    content = read_json(out / "oscal-assessment-results.json")
    text = (out / "oscal-assessment-results.json").read_text()
    standards.demand_valid(standards.OSCAL, content)
    [result] = content["assessment-results"]["results"]
    made = re.findall(r'"uuid": "([^"]+)"', text)
    named = re.findall(r'"(?:observation|risk)-uuid": "([^"]+)"|"href": "#([^"]+)"', text)
    days = set(re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=T)", text))

    assert len(set(made)) == len(made) > 100
    assert {5} == {uuid.UUID(one).version for one in made}
    assert {one or other for one, other in named} <= set(made)
    assert 55 == len(result["findings"])
    assert "2026-01-05" == min(days)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_oscal_can_write_every_number(name: str) -> None:
    """Also that of a part of an article of law; no two become the same."""
    framework = load_framework(name)
    ids = [control_id(framework, point.id) for point in framework.points]

    assert len(set(ids)) == len(framework.points)
    assert [] == [one for one in ids if not re.fullmatch(r"[^\W\d_][\w.-]*", one)]


def test_the_json_fits_its_published_schema(out: Path) -> None:
    """As `cas-audit schema export` prints it."""
    published = read_json(Path(schemas.__file__).parent / "export.schema.json")
    content = read_json(out / "audit-export.json")
    jsonschema.validate(content, published)

    assert [one["id"] for one in content["answers"]] == [one.id for one in paper.framework().points]


def test_the_same_audit_gives_the_same_bytes(audit: Path, out: Path, tmp_path: Path) -> None:
    """Whatever the hour; so an export can be made again and compared."""
    steps.export(audit, tmp_path / "again")

    assert texts(out) == texts(tmp_path / "again")


def test_a_changed_byte_is_refused_by_the_name_of_its_file(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 3, and nothing is written."""
    path = copy / "dossier/model/scores.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", str(copy), "--out", str(tmp_path / "out")])

    assert 3 == stop.value.code
    assert "dossier/model/scores.json was changed after sealing" in capsys.readouterr().err
    assert ["audit"] == [path.name for path in tmp_path.iterdir()]


def test_an_answer_that_does_not_follow_leaves_in_no_form(copy: Path, tmp_path: Path) -> None:
    """Who can write the folder can seal it anew; the answers are derived again."""
    exportable.set_finding(copy, "model/even_exposure", outcome="not_met")
    content = read_json(copy / "answers.json")
    for one in content["answers"]:
        one["status"] = "passed"
    write_json(copy / "answers.json", content)
    paper.write_pages(copy)
    seal_audit(copy)

    for kind in WRITERS:
        with pytest.raises(EvidenceError, match="does not follow"):
            steps.export(copy, tmp_path / "out", [kind])
    assert not (tmp_path / "out").exists()


def test_names_stand_only_where_the_receiver_needs_them(out: Path) -> None:
    """Who assesses data protection must be able to ask; the register names the owner."""
    with_names = {
        name: [one for one in NAMES if one in text]
        for name, text in texts(out).items()
        if any(one in text for one in NAMES)
    }

    assert {
        "dpia.nl.md": ["A. de Vries", "B. Bakker", "Holder of"],
        "dpia.en.md": ["A. de Vries", "B. Bakker", "Holder of"],
        "processing.nl.md": ["C. Eigenaar"],
        "processing.en.md": ["C. Eigenaar"],
    } == with_names


def test_nothing_of_a_place_or_of_few_is_told(copy: Path, tmp_path: Path) -> None:
    """Not a count of an area, nor one to four incidents, nor a rate that tells of those."""
    found = {"n": {"incidents": 3, "weeks": 3}, "tables": {"cells": [{"count": SECRET}]}}
    exportable.set_finding(copy, "data/weeks_are_complete", **found, values={"cell": SECRET})
    steps.export(copy, tmp_path / "out")
    content = read_json(tmp_path / "out/audit-export.json")
    numbers = {one["check"]: one["n"] for one in content["findings"]}

    assert {"incidents": None, "weeks": 3} == numbers["data/weeks_are_complete"]
    assert [] == [name for name, text in texts(tmp_path / "out").items() if str(SECRET) in text]


def test_figures_with_few_incidents_behind_them_are_left_out(tmp_path: Path) -> None:
    """Of the model card and of the system card; that they are is said."""
    files = exportable.dossier()
    files["model/scores.json"]["home_burglary"]["model"]["incidents"] = 8
    steps.export(exportable.make(tmp_path / "audit", a_manifest(), files), tmp_path / "out")
    page = (tmp_path / "out/model-card.nl.md").read_text()
    [card] = yaml.safe_load((tmp_path / "out/system-card.yaml").read_text())["models"]
    metrics = card["model_index"][0]["results"][0]["metrics"]

    assert "25,0 %" not in page
    assert "zo weinig incidenten" in page
    assert [] == [one for one in metrics if one["type"] == "hit_rate"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the documents of an audit in which every free text is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    text = {"nl": HOSTILE, "en": HOSTILE}
    purpose = {"goal": text, "action": text, "stop": text, "owner": HOSTILE}
    files = exportable.dossier(purpose=purpose, comparison=text, title=text)
    [column] = files["ingest/incidents.contract.json"]["columns"]
    column |= {"meaning": text, "purpose": text, "concerns": text, "why": text, "name": HOSTILE}
    column["special_category"] = "ethnicity"
    files["ingest/incidents.contract.json"]["title"] = text
    steps.export(
        exportable.make(
            folder / "audit",
            a_manifest(title=text, version="1"),
            files,
            organisation=HOSTILE,
        ),
        folder / "out",
    )
    return folder / "out"


def test_what_a_person_typed_is_no_markdown(hostile: Path, out: Path) -> None:
    """No link, picture, tag, code, emphasis or list comes of it; the headings are only ours."""
    reader = MarkdownIt("commonmark").enable("table")
    ours = {"document", "paragraph", "heading", "bullet_list", "list_item", "inline", "blockquote"}
    ours |= {"table", "thead", "tbody", "tr", "th", "td", "text", "softbreak"}
    pages = sorted(hostile.glob("*.md"))

    assert len(pages) == 10
    for page in pages:
        tokens = reader.parse(page.read_text())
        kinds = {one.type for token in tokens for one in [token, *(token.children or [])]}
        calm = reader.parse((out / page.name).read_text())
        assert {re.sub("_(open|close)$", "", kind) for kind in kinds} <= ours, page.name
        assert sum(one.type == "heading_open" for one in tokens) == sum(
            one.type == "heading_open" for one in calm
        )


def test_what_a_person_typed_is_no_html_and_hides_nothing(hostile: Path) -> None:
    """No tag but a paragraph in the register, no address that a page would link, no unseen mark."""
    entry = read_json(hostile / "algorithm-register.json")
    tags = {tag for said in entry.values() for tag in re.findall(r"<[^>]*>", str(said))}
    pages = "".join(path.read_text() for path in hostile.glob("*.md"))

    assert {"<p>", "</p>"} == tags
    assert not {"name", "organization"} & entry.keys()
    assert not re.search(r"https?://|www\.|<[a-z/!]", pages)
    for name, text in texts(hostile).items():
        assert not re.search("[\u202a-\u202e\u2028\u2029]", text), name


@pytest.mark.parametrize("said", ["1. x", "1) x", "+ x", "=== x", "--- x", "a@b.example", "$x$"])
def test_a_text_stays_what_it_was(said: str) -> None:
    """Made harmless it still reads the same."""
    shown = MarkdownIt("commonmark").parse(f"- {markdown(said)}")

    assert ["bullet_list_open", "list_item_open", "paragraph_open"] == [
        one.type for one in shown[:3]
    ]
    assert said == "".join(one.content for one in shown[3].children or [])


def test_what_does_not_fit_a_standard_is_not_written(copy: Path, tmp_path: Path) -> None:
    """The message names the place, and no value."""
    with pytest.raises(EvidenceError, match="status does not fit") as error:
        standards.demand_valid(standards.REGISTER, {"status": "Jan Jansen"})
    steps.export(copy, tmp_path / "out", ["register"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cas_audit.present.exports.register.SAFETY", "Onzin")
        with pytest.raises(EvidenceError, match="category/0 does not fit"):
            steps.export(copy, tmp_path / "none", ["register"])

    assert "Jansen" not in str(error.value)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("regime", "law", "article"), [("avg", "AVG", "30"), ("wpg_13", "Wpg", "31d")]
)
def test_the_law_decides_what_the_register_of_processing_is(
    tmp_path: Path, regime: str, law: str, article: str
) -> None:
    """Article 30 for the GDPR, article 31d for the police."""
    made = exportable.make(
        tmp_path / "audit", a_manifest(regime=regime), exportable.dossier(regime=regime)
    )
    steps.export(made, tmp_path / "out", ["processing", "dpia"])

    assert f"({law}, artikel {article})" in (tmp_path / "out/processing.nl.md").read_text()
    assert (
        f"({law}, artikel {'35' if law == 'AVG' else '4c'})"
        in (tmp_path / "out/dpia.nl.md").read_text()
    )


def test_of_open_data_no_law_asks_a_register(tmp_path: Path) -> None:
    """What is not made is said."""
    made = exportable.make(
        tmp_path / "audit", a_manifest(regime="open_data"), exportable.dossier(regime="open_data")
    )
    steps.export(made, tmp_path / "out")
    index = read_json(tmp_path / "out/export.json")

    assert list(BY_LAW) == index["not_made"]
    assert "lawful_basis" not in read_json(tmp_path / "out/algorithm-register.json")
    assert not list((tmp_path / "out").glob("dpia*"))


def test_a_system_of_others_is_exported_too(tmp_path: Path) -> None:
    """Nothing is known of its model, and that is said."""
    files = {
        name: said for name, said in exportable.dossier().items() if not name.startswith("model/")
    }
    steps.export(exportable.make(tmp_path / "audit", a_manifest(), files), tmp_path / "out")

    assert "staat niet in het dossier" in (tmp_path / "out/model-card.nl.md").read_text()


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ({}, "geen kenmerk van verdachten"),
        ({"privacy/no_source_about_suspects": "not_met"}, "Let op."),
        ({"privacy/no_person_level_rows": "unavailable"}, "kon niet vaststellen"),
    ],
    ids=["none", "suspects", "unseen"],
)
def test_profiling_is_denied_only_where_it_was_looked_for(
    copy: Path, tmp_path: Path, outcomes: dict[str, str], said: str
) -> None:
    """Not looked at is no denial."""
    for check, outcome in outcomes.items():
        exportable.set_finding(copy, check, outcome=outcome)
    steps.export(copy, tmp_path / "out", ["processing"])

    assert said in (tmp_path / "out/processing.nl.md").read_text()


def test_the_index_names_every_file_by_its_digest(out: Path, audit: Path) -> None:
    """And the audit it is made of."""
    index = read_json(out / "export.json")
    files = {path.name for path in out.iterdir()} - {"export.json"}

    assert files == set(index["documents"])
    assert all(digest(out / name) == value for name, value in index["documents"].items())
    assert digest(audit / "audit.json") == index["audit"]


def test_the_standards_are_those_that_were_published() -> None:
    """Byte for byte, as the table beside them says."""
    page = room("reports", "standards", "README.md").read_text()
    said = dict(re.findall(r"\| ([0-9a-f]{64}) \| `([^`]+)`", page))

    assert 4 == len(said)
    for value, name in said.items():
        content = room("reports", "standards", name).read_bytes()
        assert value == hashlib.sha256(content).hexdigest(), name


def test_every_text_of_a_document_stands_in_both_languages() -> None:
    """And asks for the same values."""
    both = read_yaml(room("reports", "locale", "documents.yaml"))

    def holes(text: object) -> set[str]:
        return set(re.findall(r"\{([a-z0-9_]+)", str(text)))

    assert list(both["nl"]) == list(both["en"])
    assert {} == {
        key: text
        for key, text in both["nl"].items()
        if isinstance(text, str) and holes(text) != holes(both["en"][key])
    }


def test_the_command_names_every_kind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """In its help, and when a kind does not exist."""
    with pytest.raises(SystemExit):
        cli.main(["export", "--help"])
    told = re.sub(r"[\s│]+", " ", capsys.readouterr().out)
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", str(tmp_path), "--out", str(tmp_path / "out"), "--kind", "nonsense"])

    assert ", ".join(WRITERS) in told
    assert 3 == stop.value.code
    assert "register, system-card" in capsys.readouterr().err
