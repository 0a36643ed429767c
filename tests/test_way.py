"""The whole way on a small city: canaries, schemas, reruns, single steps, nothing sent away."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from markupsafe import escape
from scipy.special import logit
from skops import io as skops_io

from cas_audit import cli, schemas, steps
from cas_audit.assure.attest import Wish, attest
from cas_audit.assure.gate import judge
from cas_audit.assure.keys import read_private
from cas_audit.assure.seal import differences, seal_audit
from cas_audit.audit.dossier import Dossier, read_manifest, seal_dossier
from cas_audit.demo import prepare
from cas_audit.errors import CasAuditError, EvidenceError
from cas_audit.files import digest, read_json, read_yaml, tree, write_json, write_yaml
from cas_audit.forecast.features import make_features
from cas_audit.forecast.models import TRUSTED
from cas_audit.forecast.panel import build_panel
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.tile import whole
from cas_audit.ingest.contract import load_contract
from cas_audit.present.report import write_reports
from cas_audit.present.words import LANGUAGES
from tests.lean import make_lean
from tests.paper import say

pytestmark = pytest.mark.slow
CANARY = "kanariegeel"
SIDE = 48


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trial city, prepared but not audited."""
    folder = tmp_path_factory.mktemp("city")
    prepare(folder, seed=5, side=SIDE)
    make_lean(folder, refits=5)
    return folder


@pytest.fixture(scope="module")
def audited(city: Path) -> Path:
    """Return the audit of the version with all tables, recorded in MLflow."""
    out = city / "v1"
    steps.run(city / "configs/v1.yaml", out, city / "statements")
    return out


@pytest.fixture
def audit(audited: Path, tmp_path: Path) -> Path:
    """Return a copy of the audit that a test may spoil."""
    return Path(shutil.copytree(audited, tmp_path / "audit"))


def spoil(folder: Path, name: str, change: Callable[[Any], None]) -> None:
    """Change a JSON file of an audit and seal it again, as a forger would."""
    content = read_json(folder / name)
    change(content)
    write_json(folder / name, content)
    seal_audit(folder)


def plant(feed: Path) -> set[str]:
    """Put a canary in every refused column of every table; return the columns."""
    (feed / "feed.json").unlink()
    incidents = pd.read_csv(feed / "incidents.csv", dtype=str)
    suspects = pd.read_parquet(feed / "suspects.parquet")
    areas = json.loads((feed / "areas.geojson").read_text())
    planted: set[str] = set()
    for name, table in (("incidents", incidents), ("suspects", suspects)):
        for column in set(table) - {one.name for one in load_contract(name).columns}:
            table[column] = f"{CANARY}-{column}"
            planted.add(str(column))
    listed = {one.name for one in load_contract("areas").columns}
    for feature in areas["features"]:
        for column in set(feature["properties"]) - listed:
            feature["properties"][column] = f"{CANARY}-{column}"
            planted.add(column)
    incidents.to_csv(feed / "incidents.csv", index=False)
    suspects.to_parquet(feed / "suspects.parquet", index=False)
    (feed / "areas.geojson").write_text(json.dumps(areas))
    return planted


def contents(path: Path) -> Iterator[str]:
    """Give what a file holds as text, with tables and archives unpacked."""
    yield path.read_bytes().decode("latin-1")
    if path.suffix == ".parquet":
        yield pd.read_parquet(path).to_csv()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name).decode("latin-1") for name in archive.namelist())


def test_a_canary_is_found_nowhere(
    city: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No file, database, log or output of a whole run holds a value of a refused column."""
    for part in ("feed", "configs"):
        shutil.copytree(city / part, tmp_path / "in" / part)
    planted = plant(tmp_path / "in/feed")
    steps.run(tmp_path / "in/configs/v1.yaml", tmp_path / "out/audit")
    said = capfd.readouterr()
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    hits = [path.name for path in files if any(CANARY in text for text in contents(path))]

    assert {"bsn", "naam", "gemiddelde_leeftijd", "gemiddeld_inkomen"} <= planted
    assert any(path.name == "mlflow.db" for path in files)
    assert [] == hits
    assert CANARY not in said.out + said.err


def test_the_canary_would_have_been_found(audit: Path) -> None:
    """The search above does find a value in a table."""
    table = pd.DataFrame({"a": [f"{CANARY}-x"] * 1000})
    table.to_parquet(audit / "t.parquet", compression="zstd")

    assert any(CANARY in text for text in contents(audit / "t.parquet"))


SCHEMA_OF = {
    "audit.json": "seal",
    "findings.json": "findings",
    "answers.json": "answers",
    "dossier/manifest.json": "manifest",
    "dossier/config.yaml": "config",
    "dossier/ingest/incidents.receipt.json": "receipt",
    "dossier/ingest/suspects.receipt.json": "receipt",
    "dossier/ingest/areas.contract.json": "contract",
    "policy.yaml": "policy",
    "risks.json": "risks",
    "statements/1.01.a.dsse.json": "signed",
}


@pytest.mark.parametrize(("name", "schema"), SCHEMA_OF.items())
def test_what_is_written_fits_its_published_schema(audited: Path, name: str, schema: str) -> None:
    """As another program reads it, with the schema that the package ships."""
    path = audited / name
    written = read_json(path) if path.suffix == ".json" else read_yaml(path)
    plain = json.loads(json.dumps(written, default=str))
    published = read_json(Path(schemas.__file__).parent / f"{schema}.schema.json")

    checker = jsonschema.Draft202012Validator(published)

    assert [] == [error.json_path for error in checker.iter_errors(plain)]


@pytest.mark.parametrize("name", schemas.MODELS)
def test_published_schemas_are_those_of_the_models(name: str) -> None:
    """`make schemas` writes them anew."""
    published = read_json(Path(schemas.__file__).parent / f"{name}.schema.json")

    assert schemas.schema_of(name) == published


def test_a_rerun_gives_the_same_files(city: Path, audited: Path, tmp_path: Path) -> None:
    """All but the bytes of stored models, and what holds their digest."""
    again = tmp_path / "again"
    steps.audit(city / "configs/v1.yaml", again, city / "statements")
    holds_digest = {"audit.json", "run.json", "findings.json", "dossier/manifest.json"}
    names = {name for name in tree(audited) if not name.endswith((".skops", ".html"))}
    changed = [
        name
        for name in names - holds_digest
        if (audited / name).read_bytes() != (again / name).read_bytes()
    ]
    findings = [read_json(folder / "findings.json")["findings"] for folder in (audited, again)]

    assert [] == changed
    assert findings[0] == findings[1]


def test_the_steps_alone_lead_to_the_same_answers(
    city: Path, audited: Path, tmp_path: Path
) -> None:
    """ingest, forecast, check, answer, report, one command each."""
    out, config = str(tmp_path / "audit"), str(city / "configs/v1.yaml")
    commands = [
        ["ingest", config, "--out", out],
        ["forecast", config, "--out", out],
        ["check", out],
        ["answer", out, "--statements", str(city / "statements")],
        ["report", out],
    ]
    codes = []
    for command in commands:
        with pytest.raises(SystemExit) as exit_:
            cli.main(command)
        codes.append(exit_.value.code)

    assert [0] * 5 == codes
    assert read_json(audited / "answers.json") == read_json(tmp_path / "audit/answers.json")
    assert (judge(audited).code, []) == (judge(tmp_path / "audit").code, differences(Path(out)))


def test_another_configuration_needs_another_ingest(city: Path, audit: Path) -> None:
    """The data in the dossier belong to the configuration beside them."""
    with pytest.raises(EvidenceError, match=r"v2\.yaml is not the configuration"):
        steps.forecast(city / "configs/v2.yaml", audit)


def test_a_step_refuses_a_changed_audit(audit: Path) -> None:
    """Nothing is built on evidence that was touched."""
    (audit / "findings.json").write_text("{}")

    with pytest.raises(EvidenceError, match=r"findings\.json was changed"):
        steps.report(audit)


def test_bad_input_leaves_what_was_there(city: Path, audit: Path, tmp_path: Path) -> None:
    """A run that fails half-way writes nothing and spoils nothing."""
    config = read_yaml(city / "configs/v1.yaml")
    config["themes"] = ["drugs", "nothing_of_the_kind"]
    for name, source in config["sources"].items():
        source["path"] = str(city / "feed" / Path(source["path"]).name)
        assert name
    write_yaml(tmp_path / "bad.yaml", config)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(CasAuditError):
        steps.run(tmp_path / "bad.yaml", audit)

    assert [] == differences(audit)
    assert before == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("answers.json", lambda c: c["verdict"].update(gate="opens"), "does not follow"),
        ("answers.json", lambda c: c["answers"].pop(), "does not follow"),
        ("findings.json", lambda c: c["findings"][3].update(outcome="met"), "does not follow"),
        ("findings.json", lambda c: c["findings"].clear(), "nothing was run"),
        (
            "findings.json",
            lambda c: c["findings"].append({**c["findings"][0], "outcome": "met"}),
            "more than one finding",
        ),
        ("findings.json", lambda c: c.update(dossier="0" * 64), "another dossier"),
        ("findings.json", lambda c: c["findings"][0].update(check_version="x"), "another version"),
        ("dossier/data/quality.json", lambda c: c.update(weeks=1), "not the file that the manif"),
    ],
    ids=["verdict", "answer", "outcome", "no findings", "twice", "dossier", "check", "data"],
)
def test_the_gate_trusts_no_verdict_in_a_file(
    audit: Path, name: str, change: Callable[[Any], None], said: str
) -> None:
    """A forger who seals anew is stopped by what no longer follows or belongs together."""
    spoil(audit, name, change)
    judgement = judge(audit)

    assert judgement.code == 1
    assert said in judgement.sentences[0]


@pytest.mark.parametrize(
    "name", ["report.nl.html", "receipt.en.html", "answers.json", "findings.json"]
)
def test_incomplete_evidence_blocks(audit: Path, name: str) -> None:
    """A file that is missing, also when the folder was sealed without it."""
    (audit / name).unlink()
    seal_audit(audit)
    judgement = judge(audit)

    assert (1, True) == (judgement.code, name in judgement.sentences[0])


@pytest.mark.parametrize("name", ["report.en.html", "receipt.nl.html"])
def test_a_page_of_something_else_blocks(audit: Path, name: str) -> None:
    """A page that was emptied, or exchanged for another, does not belong here, sealed or not."""
    other = audit / ("receipt.nl.html" if name.startswith("report") else "report.en.html")
    for content in ("<p>All is well.</p>", other.read_text()):
        (audit / name).write_text(content)
        seal_audit(audit)
        judgement = judge(audit)

        assert (1, True) == (judgement.code, name in judgement.sentences[0])


def test_a_changed_receipt_page_is_named(audit: Path) -> None:
    """The seal covers the pages too."""
    path = audit / "receipt.en.html"
    path.write_text(path.read_text().replace("refused", "admitted", 1))

    assert ["receipt.en.html was changed after sealing."] == differences(audit)


def test_one_byte_is_named(audit: Path) -> None:
    """Change one byte anywhere and the file is said."""
    path = audit / "dossier/data/residents.parquet"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(bytes(content))

    assert differences(audit) == ["dossier/data/residents.parquet was changed after sealing."]
    assert judge(audit).code == 1


def test_nothing_leaves_the_machine(city: Path, tmp_path: Path) -> None:
    """A whole run in a new process looks up no host and connects to none."""
    program = f"""
import socket, sys
asked = []
def refuse(*a, **k):
    asked.append(a[:1]); raise OSError("no network in this test")
socket.getaddrinfo = refuse
socket.gethostbyname = refuse
plain = socket.socket.connect
def connect(self, to):
    return plain(self, to) if self.family == socket.AF_UNIX else refuse(to)
socket.socket.connect = connect
from pathlib import Path
from cas_audit import steps
steps.run(Path({str(city / "configs/v2.yaml")!r}), Path({str(tmp_path / "audit")!r}))
import time; time.sleep(2)
print(asked)
"""
    left_out = ("CI", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "MLFLOW_DISABLE_TELEMETRY")
    plain = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=plain
    )

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("name", ["report", "receipt"])
def test_the_page_names_no_other_host(audited: Path, name: str, language: str) -> None:
    """No link, script or style from elsewhere; nothing runs in it but one script of the report."""
    page = (audited / f"{name}.{language}.html").read_text()

    assert "http://" not in page
    assert "https://" not in page
    assert (name == "report") == page.count("<script>")
    assert "<script src" not in page
    assert "default-src 'none'" in page
    assert f'<html lang="{language}">' in page


def test_the_page_shows_every_point_and_finding(audited: Path) -> None:
    """All 55 points and every check, in both languages."""
    answers = read_json(audited / "answers.json")["answers"]
    findings = read_json(audited / "findings.json")["findings"]
    for language in ("nl", "en"):
        page = (audited / f"report.{language}.html").read_text()

        assert all(f'id="p{one["id"]}"' in page for one in answers)
        assert all(f'id="{one["check"]}"' in page for one in findings)
    assert 55 == len(answers)


def test_the_map_is_drawn_from_what_is_public(audit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the tables of flags and scores a cell, the report opens the published one alone.

    What was caught a week is counted in wide blocks, not in cells.
    """
    opened: set[str] = set()
    read = Dossier.table

    def spy(self: Dossier, name: str) -> pd.DataFrame:
        opened.add(name)
        return read(self, name)

    monkeypatch.setattr(Dossier, "table", spy)
    write_reports(audit)

    assert {"public/flags.parquet", "data/cells.parquet", "model/weekly.parquet"} == opened


@pytest.mark.parametrize(
    ("language", "fortnight", "week"),
    [("nl", "Per twee weken wordt", "Per week wordt"), ("en", "Each fortnight", "Each week")],
)
def test_the_page_shows_other_choices_and_speaks_of_fortnights(
    audit: Path, language: str, fortnight: str, week: str
) -> None:
    """Only where these were tried, and where a map is for two weeks."""
    path = audit / f"report.{language}.html"
    before = path.read_text()
    base = {"trial": "base", "forecaster": "counting", "share": 0.03, "incidents": 900}
    found = {"hits": 500, "hit_rate": 0.1234, "overlap": 1.0, "overlap_by_chance": 0.03}
    write_json(audit / "dossier/trials/sensitivity.json", {"home_burglary": [base | found]})
    spoil(audit, "dossier/model/parameters.json", lambda one: one.update(period_weeks=2))
    seal_dossier(audit / "dossier", read_manifest(audit / "dossier"))
    write_reports(audit)
    after = path.read_text()

    assert 'id="choices"' not in before
    assert 'href="#choices"' in after
    assert ("12,3 %" if language == "nl" else "12.3 %") in after.split('id="choices"')[1]
    assert (True, False) == (week in before, fortnight in before)
    assert (False, True) == (week in after, fortnight in after)


def test_the_stored_model_gives_the_stored_scores(audited: Path) -> None:
    """The bytes of a stored model differ from dump to dump; its scores must not.

    A score is how many incidents are expected: the odds of the model, less one factor for the
    cell-weeks that were left out of the sample.
    """
    dossier = audited / "dossier"
    grid = read_json(dossier / "data/grid.json")
    weeks = pd.DatetimeIndex(pd.read_parquet(dossier / "data/weeks.parquet")["week"], name="period")
    incidents = pd.read_parquet(dossier / "data/incidents.parquet")
    panel = build_panel(incidents, weeks, grid["rows"], grid["columns"]).to_numpy()
    asked = Weeks(np.array([len(weeks) - 1]), np.arange(grid["rows"] * grid["columns"]))
    [last] = make_features(whole(panel, 3), asked)
    suspects = pd.read_parquet(dossier / "data/suspects.parquet").set_index("cell")["suspects"]
    scores = pd.read_parquet(dossier / "forecasts.parquet")
    stored = scores[scores["period"] == scores["period"].max()].set_index("cell")["score"]
    known = np.log1p(suspects.reindex(stored.index).fillna(0)).to_numpy(np.float32)
    model = skops_io.load(dossier / "model/home_burglary.skops", trusted=list(TRUSTED))
    again = model.predict_proba(np.column_stack([last[stored.index], known]))[:, 1]
    factor = logit(-np.expm1(-stored.to_numpy())) - logit(again)

    assert np.full(len(stored), factor.mean()) == pytest.approx(factor, abs=1e-4)
    assert factor.mean() < 0


def test_the_evidence_is_in_the_store(audited: Path) -> None:
    """One run with parameters, metrics, tags and artifacts, and a registered version."""
    ids = read_json(audited / "run.json")["mlflow"]
    store = audited.parent / "mlflow"
    with sqlite3.connect(store / "mlflow.db") as database:
        metrics = dict(database.execute("SELECT key, value FROM latest_metrics"))
        parameters = dict(database.execute("SELECT key, value FROM params"))
        tags = dict(database.execute("SELECT key, value FROM tags"))
        versions = database.execute("SELECT name, version FROM model_versions").fetchall()
    artifacts = {path.name for path in (store / "artifacts" / ids["run"]).rglob("*")}
    findings = read_json(audited / "findings.json")["findings"]
    exposure = next(one for one in findings if one["check"] == "model/even_exposure")

    assert metrics["model.even_exposure.estimate"] == pytest.approx(exposure["estimate"])
    assert parameters["channels"] == "brought, found"
    assert tags["audit_sha256"] == digest(audited / "audit.json")
    assert versions == [("trial-city.home_burglary", 1)]
    pages = {"report.nl.html", "receipt.nl.html"}

    assert {"findings.json", "answers.json", "manifest.json"} | pages <= artifacts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"holds": "perhaps"}, "holds"),
        ({"framework": "other"}, "expected rekenkamer 2.0"),
        ({"statement": "9.99.z"}, "asks for no"),
        ({"bsn": "999990019"}, "unknown key bsn"),
    ],
)
def test_a_bad_statement_is_refused_where_it_lies(
    audit: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """The message names the person's own file, and the audit stays as it was."""
    folder = tmp_path / "said"
    plain = say("1.01.a").model_dump(mode="json")
    write_yaml(folder / "mine.yaml", {**plain, **change})
    with pytest.raises(EvidenceError, match=said) as error:
        steps.answer(audit, folder)

    assert str(folder / "mine.yaml") in str(error.value)
    assert [] == differences(audit)


def test_what_a_person_typed_is_no_markup(city: Path, audit: Path) -> None:
    """Not in a name, a claim or a treatment; and what was said before is kept beside it."""
    typed = "<script>alert(1)</script>{{ 7 * 7 }}{x}</span>"
    risk = {"level": "large", "treatment": typed}
    on = date(2026, 2, 1)
    wish = Wish(asked="1.01.a", name=typed, role="system_owner", claim=typed, on=on, risk=risk)
    key = read_private(city / "keys/system_owner.pem")
    before = digest(audit / "report.nl.html")
    steps.revise(audit, lambda work: attest(work, wish, key))
    pages = [(audit / f"report.{language}.html").read_text() for language in LANGUAGES]

    assert all(escape(typed) in page for page in pages)
    assert not any("<script>alert" in page for page in pages)
    assert before == digest(audit / "revisions/001/report.nl.html")
    assert "does not follow" not in " ".join(judge(audit).sentences)


def test_statements_can_expire_on_another_day(city: Path, tmp_path: Path) -> None:
    """By default the reference date counts; a gate in CI names its own day."""
    out = tmp_path / "audit"
    steps.audit(city / "configs/v2.yaml", out, city / "statements")
    late = judge(out, date(2030, 1, 1))

    assert late.code in {1, 2}
    assert len(late.points) > len(judge(out).points)


HEAVY = ("great_expectations", "mlflow", "sklearn", "geopandas", "fairlearn")


DRAWING = ("matplotlib", "jinja2")


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [("gate", HEAVY + DRAWING), ("verify", HEAVY + DRAWING), ("report", HEAVY)],
    ids=["gate", "verify", "report"],
)
def test_light_commands_open_no_heavy_door(
    audit: Path,
    loaded: Callable[[list[str], tuple[str, ...]], str],
    command: str,
    unneeded: tuple[str, ...],
) -> None:
    """gate, verify and report read files; judged by modules, not by the clock."""
    assert loaded([command, str(audit)], unneeded) == "[]"
