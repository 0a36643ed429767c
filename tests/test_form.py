"""The form in the report: what may run, what a person is asked, and the draft that comes out."""

import base64
import datetime as dt
import hashlib
import json
import re
from pathlib import Path

import pytest

from cas_audit import steps
from cas_audit.assure.attest import accept
from cas_audit.assure.framework import load_framework
from cas_audit.assure.gate import read_rests
from cas_audit.assure.keys import demonstration_key
from cas_audit.assure.stated import read_statement
from cas_audit.audit.dossier import Manifest
from cas_audit.files import digest
from cas_audit.present.form import load_script, show_form
from cas_audit.present.template import load_template
from cas_audit.present.words import LANGUAGES, Language, Words
from tests import paper
from tests.chromium import NEEDED, Page, open_page, wait_for

FRAMEWORK = load_framework("rekenkamer-2.0")
ASKED = [wanted.id for point in FRAMEWORK.points for wanted in point.statements]
ODD = '&quot;Ja&quot; <b>&amp; "nee"</b>\n\\u0041'


def page(language: Language = "nl", system: str = "paper") -> str:
    """Return a report without measurements, which has all that the form needs."""
    words, script = Words(language), load_script("report")
    text = words.text
    return load_template("report").render(
        words=words,
        say=text,
        language=language,
        answers_digest="",
        system=dict.fromkeys(
            (
                *("title", "version", "themes", "reference", "regime", "channels", "origin"),
                *("framework", "goal", "action", "stop", "owner", "evidence", "source", "engine"),
            ),
            "x",
        ),
        verdict={"gate": "opens", "sentence": "x", "counted": "x"},
        counts={"statuses": ["passed", "open"], "rows": []},
        perspectives=[
            {
                "name": "one",
                "title": "x",
                "points": [point("1.01", "open"), point("1.02", "passed")],
            },
            {"name": "two", "title": "x", "points": [point("2.01", "passed")]},
        ],
        findings=[],
        themes=[],
        choices=[],
        receipts=[],
        waivers=dict.fromkeys(("1.01", "1.02", "2.01")),
        history={},
        policy=dict.fromkeys(("sentence", "digest", "revision", "looser", "tolerances"), ""),
        risks=[],
        demonstration=0,
        form=show_form(words, FRAMEWORK, system),
        script=script,
    )


def point(identifier: str, status: str) -> dict[str, object]:
    """Return a point as the page shows it; one that is open asks for its statement."""
    empty = dict.fromkeys(
        ("contradiction", "measured", "risk", "law", "crosswalk", "principles"), ""
    )
    said = {"id": f"{identifier}.a", "kind": "statement_missing", "by": []}
    stated = [said | dict.fromkeys(("reason", "role", "text"), "x")] if status == "open" else []
    more = {"title": f"punt {identifier}", "question": "x", "risk_set": False, "blocking": True}
    return {"id": identifier, "status": status, "stated": stated, **empty, **more}


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_our_script_may_run(language: Language) -> None:
    """The policy of the page names it by its digest; nothing else may be fetched, sent or run."""
    made = page(language)
    [script] = re.findall(r"<script>(.*?)</script>", made, re.DOTALL)
    sha = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', made)

    assert f"script-src 'sha256-{sha}'" in policy
    assert {"default-src 'none'", "form-action 'none'", "base-uri 'none'"} <= {*policy.split("; ")}
    assert not re.search(r"\son[a-z]+=", made)
    assert "://" not in re.sub(r"<!doctype.*?>", "", made)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_statement_of_the_framework_can_be_made(language: Language) -> None:
    """With its own sentence, and how long it may hold."""
    made = page(language)
    [text] = re.findall(r'id="form-data">(.*?)</script>', made, re.DOTALL)
    data = json.loads(text)

    assert ASKED == list(data["asked"])
    assert all(f'<option value="{one}">' in made for one in ASKED)
    assert all(one["text"] and one["days"] > 0 for one in data["asked"].values())
    assert f'data-asked="{ASKED[0]}"' in made


def test_a_name_with_markup_stays_a_name() -> None:
    """What a configuration holds cannot end the block of data or begin a script."""
    made = page(system="</script><script>alert(1)</script>")

    assert 1 == made.count("<script>")
    assert "alert(1)" in made


FILL = """
(async () => {
  const set = (id, value, kind = "input") => {
    const one = document.getElementById(id);
    one.value = value;
    one.dispatchEvent(new Event(kind, { bubbles: true }));
  };
  document.querySelector('a[data-asked="1.01.a"]').click();
  set("f-claim", %s);
  set("f-name", "A. Officer");
  set("f-date", "2026-01-05");
  set("f-level", "medium");
  set("f-treatment", "x");
  document.querySelector('input[name=holds][value=false]').checked = true;
  const form = document.getElementById("form");
  const fits = form.checkValidity();
  form.requestSubmit();
  await new Promise((done) => setTimeout(done, 500));
  const until = document.getElementById("f-until").value;
  return [fits, until, document.getElementById("f-said").textContent];
})()
"""


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """Return the page on disk."""
    path = tmp_path / "report.nl.html"
    path.write_text(page(), encoding="utf-8")
    return path


@NEEDED
@pytest.mark.slow
def test_a_draft_is_saved_and_can_be_accepted(
    shown: Path, tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the person typed it; it counts once a holder of the role has signed it, and not before."""
    monkeypatch.setattr(steps, "_report", paper.write_pages)  # there is no city to draw
    paper.make(tmp_path / "audit", manifest)
    with open_page(shown, tmp_path) as opened:
        fits, until, said = opened.do(FILL % json.dumps(ODD))
        draft = wait_for(tmp_path, "1.01.a-2026-01-05.json")
        silent(opened, shown)
    statement = read_statement(draft, FRAMEWORK)
    wanted = next(one for one in FRAMEWORK.points[0].statements if one.id == "1.01.a")
    last = dt.date(2026, 1, 5) + dt.timedelta(days=wanted.valid_days)
    key = demonstration_key(1, wanted.role)
    on = dt.date(2026, 1, 5)
    steps.revise(tmp_path / "audit", lambda work: accept(work, draft, key, on))
    known = {one.id: one.statement for one in read_rests(tmp_path / "audit").statements}

    assert fits
    assert last.isoformat() == until
    assert "1.01.a-2026-01-05.json" in said
    assert (ODD, False, "A. Officer") == (statement.claim, statement.holds, statement.name)
    assert statement.risk
    assert "medium" == statement.risk.level
    assert ODD in [one.claim for one in known.values()]


def silent(opened: Page, shown: Path) -> None:
    """The console says nothing, and nothing but the page itself was fetched from anywhere."""
    assert [] == opened.said
    assert [shown.as_uri()] == [
        one for one in opened.fetched if not one.startswith(("blob:", "data:"))
    ]


FIND = """
(() => {
  const set = (id, value) => {
    document.getElementById(id).value = value;
    document.getElementById(id).dispatchEvent(new Event("input"));
  };
  const shown = () => [...document.querySelectorAll("details.point")]
    .filter((one) => one.checkVisibility()).map((one) => one.id);
  const found = [shown()];
  set("find-text", "PUNT 1.02"); found.push(shown());
  set("find-text", ""); set("find-status", "open"); found.push(shown());
  set("find-status", ""); found.push(shown());
  return found;
})()
"""


@NEEDED
@pytest.mark.slow
def test_points_are_found_by_words_and_by_status(shown: Path, tmp_path: Path) -> None:
    """In capitals or not; what is emptied shows all again."""
    with open_page(shown, tmp_path) as opened:
        found = opened.do(FIND)
        silent(opened, shown)
    every = ["p1.01", "p1.02", "p2.01"]

    assert [every, ["p1.02"], ["p1.01"], every] == found


MEND = """
(() => {
  const set = (id, value) => {
    document.getElementById(id).value = value;
    document.getElementById(id).dispatchEvent(new Event("input", { bubbles: true }));
  };
  const fits = (id) => document.getElementById(id).checkValidity();
  document.querySelector('a[data-asked="1.01.a"]').click();
  set("f-date", "2026-01-05");
  set("f-until", "2099-01-01");
  const found = [fits("f-until")];
  set("f-date", "2026-01-06"); found.push(fits("f-until"));
  set("f-owner", "x"); found.push(fits("f-level"));
  set("f-level", "small"); found.push(fits("f-level"));
  return found;
})()
"""


@NEEDED
@pytest.mark.slow
def test_what_is_mended_no_longer_stops_and_a_risk_needs_its_level(
    shown: Path, tmp_path: Path
) -> None:
    """A day too late is refused until another is chosen; an owner of a risk asks for its size."""
    with open_page(shown, tmp_path) as opened:
        assert [False, True, False, True] == opened.do(MEND)


DIGEST = """
(async () => {
  const file = new File([new Uint8Array([97, 98, 99])], "notulen.txt");
  const held = new DataTransfer();
  held.items.add(file);
  document.getElementById("f-document").files = held.files;
  return 1;
})()
"""


@NEEDED
@pytest.mark.slow
def test_an_attachment_is_named_by_its_digest(shown: Path, tmp_path: Path) -> None:
    """The same as the digest of the file, which itself stays where it is."""
    (tmp_path / "notulen.txt").write_bytes(b"abc")
    with open_page(shown, tmp_path) as opened:
        opened.do(DIGEST)
        opened.do(FILL % '"x"')
        draft = wait_for(tmp_path, "1.01.a-2026-01-05.json")
    document = read_statement(draft, FRAMEWORK).document

    assert document
    assert ("notulen.txt", digest(tmp_path / "notulen.txt")) == (document.name, document.sha256)
    assert "abc" not in draft.read_text()
