"""Statements: what makes one count, and everything that makes it count no more."""

import base64
import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cas_audit.assure.gate import judge
from cas_audit.assure.keys import demonstration_key
from cas_audit.assure.seal import seal_audit
from cas_audit.assure.signing import canonical
from cas_audit.assure.stated import DOCUMENTS
from cas_audit.assure.statements import Accepted, Revocation, sign_revocation
from cas_audit.audit.dossier import Manifest
from cas_audit.errors import EvidenceError
from cas_audit.files import digest, read_json, read_yaml, write_json, write_yaml
from tests import paper

DAY = dt.timedelta(days=1)
POINT, ASKED, ROLE = "1.01", "1.01.a", "system_owner"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the audit on paper, made once."""
    return tmp_path_factory.mktemp("paper") / "audit"


@pytest.fixture
def audit(shared: Path, manifest: Manifest, tmp_path: Path) -> Path:
    """Return a copy of an audit on paper that the gate lets through."""
    if not shared.exists():
        paper.make(shared, manifest)
    return Path(shutil.copytree(shared, tmp_path / "audit"))


def reason(folder: Path, on: dt.date | None = None) -> tuple[str, str]:
    """Answer anew; return the status of the point and what is said of the statement."""
    answer = paper.answered(folder, on)[POINT]
    said = next(one.kind for one in answer.reasons if one.about == ASKED)
    return answer.status, said.removeprefix("statement_")


def test_signed_and_measured_it_passes(audit: Path) -> None:
    """The gate opens for the audit on paper, so what follows can shut it."""
    assert (0, []) == (judge(audit).code, judge(audit).points)
    assert ("passed", "valid") == reason(audit)


def test_a_statement_that_contradicts_a_finding(audit: Path) -> None:
    """Who states that it is so while it was measured not to be, is contradicted; that blocks."""
    paper.set_finding(audit, "process/purpose_is_measurable", "not_met")
    answer = paper.answered(audit)[POINT]

    assert "contradicted" == answer.status
    assert (ASKED, "denied") == (answer.contradiction.statement, answer.contradiction.kind)
    assert 1 == judge(audit).code


def test_a_statement_that_has_expired(audit: Path) -> None:
    """By its own date, or by the days that the framework allows; the gate judges on its own day."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, valid_until=paper.TODAY)))

    assert ("passed", "valid") == reason(audit)
    assert ("open", "expired") == reason(audit, paper.TODAY + DAY)
    assert 2 == judge(audit, paper.TODAY + DAY).code


def test_a_statement_signed_by_the_wrong_role(audit: Path) -> None:
    """Another role's key does not count, whatever role the text names."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED), "privacy_officer"))

    assert ("open", "wrong_role") == reason(audit)
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, role="privacy_officer")))

    assert ("open", "wrong_role") == reason(audit)


@pytest.mark.parametrize("sealed", [True, False])
def test_a_statement_edited_after_signing(audit: Path, sealed: bool) -> None:
    """It blocks, also when the forger answers and seals anew."""
    path = audit / f"statements/{ASKED}.dsse.json"
    content = read_json(path)
    said = base64.b64decode(content["payload"]).replace(b"A. de Vries", b"A. de Vriez")
    write_json(path, {**content, "payload": base64.b64encode(said).decode()})
    if sealed:
        assert ("failed", "altered") == reason(audit)
    assert 1 == judge(audit).code


@pytest.mark.parametrize("change", ["edited", "removed"])
def test_a_statement_whose_document_changed(audit: Path, change: str) -> None:
    """The statement rests on a document by digest; without it, it does not count."""
    content = b"Decision of the board."
    kept = audit / "statements" / DOCUMENTS
    kept.mkdir()
    (kept / "new").write_bytes(content)
    name = digest(kept / "new")
    (kept / "new").rename(kept / name)
    said = paper.say(ASKED, document={"name": "decision.pdf", "sha256": name})
    paper.put(audit, ASKED, paper.envelope(said))

    assert ("passed", "valid") == reason(audit)
    if change == "edited":
        (kept / name).write_bytes(b"Decision of the board!")
    else:
        (kept / name).unlink()

    assert ("open", "document_changed") == reason(audit)
    assert 2 == judge(audit).code


def revoke(folder: Path, role: str, **changes: Any) -> None:
    """Take the statement back, with the key of a role."""
    sha256 = paper.envelope(paper.say(ASKED)).id
    plain = {"statement": ASKED, "sha256": sha256, "role": role, "name": "A. de Vries"}
    plain |= {"on": paper.TODAY.isoformat(), "reason": "A mistake.", **changes}
    signed = sign_revocation(Revocation.model_validate(plain), [demonstration_key(1, role)])
    paper.put(folder, f"{ASKED}-revoked", signed)


def test_a_statement_that_was_revoked(audit: Path) -> None:
    """By somebody who holds the same role; by nobody else."""
    revoke(audit, "privacy_officer")

    assert ("passed", "valid") == reason(audit)
    revoke(audit, ROLE)

    assert ("open", "revoked") == reason(audit)


def test_what_was_revoked_stays_revoked(audit: Path) -> None:
    """A revocation that was edited stops everything; a new statement counts again."""
    revoke(audit, ROLE)
    paper.put(audit, "again", paper.envelope(paper.say(ASKED, claim="Yes, looked at anew.")))

    assert ("passed", "valid") == reason(audit)
    path = audit / f"statements/{ASKED}-revoked.dsse.json"
    content = read_json(path)
    said = base64.b64decode(content["payload"]).replace(b"A mistake.", b"A mistakE.")
    write_json(path, {**content, "payload": base64.b64encode(said).decode()})
    seal_audit(audit)
    with pytest.raises(EvidenceError, match="edited after it was signed"):
        judge(audit)


def test_a_statement_signed_by_an_unknown_key(audit: Path) -> None:
    """A key that the policy does not bind is nobody's."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED), seed=2))

    assert ("open", "unknown_key") == reason(audit)


def test_a_statement_signed_by_a_revoked_key(audit: Path) -> None:
    """Nothing it ever signed counts: whoever stole it can write any date."""
    policy = read_yaml(audit / "policy.yaml")
    key = demonstration_key(1, ROLE).public.id
    policy["revoked_keys"] = [{"key": key, "since": paper.TODAY, "reason": "Lost."}]
    write_yaml(audit / "policy.yaml", policy)

    assert ("open", "revoked_key") == reason(audit)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"until": paper.TODAY}, "valid"),
        ({"until": paper.TODAY - DAY}, "wrong_role"),
        ({"since": paper.TODAY + DAY}, "wrong_role"),
    ],
    ids=["until that day", "until the day before", "from the day after"],
)
def test_a_role_is_held_for_a_time(audit: Path, held: dict[str, Any], said: str) -> None:
    """What a person signed while in office counts; before and after it does not."""
    policy = read_yaml(audit / "policy.yaml")
    policy["roles"][ROLE][0].update(held)
    write_yaml(audit / "policy.yaml", policy)

    assert said == reason(audit)[1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"system": "elsewhere"}, "other_system"),
        ({"system": None}, "other_system"),
        ({"date": paper.TODAY + DAY}, "early"),
        ({"holds": False}, "denies"),
    ],
    ids=["another system", "no system", "tomorrow", "denial"],
)
def test_a_signed_statement_that_does_not_help(
    audit: Path, changes: dict[str, Any], said: str
) -> None:
    """About another system, from the future, or a denial."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, **changes)))

    assert said == reason(audit)[1]


def test_other_words_were_signed(audit: Path) -> None:
    """Who signed one sentence is not held to another, also under the same number."""
    other = paper.envelope(paper.say("1.02.a"))
    said = paper.envelope(paper.say(ASKED))
    content = base64.b64decode(said.payload).replace(
        base64.b64decode(said.payload).split(b'"subject":')[1],
        base64.b64decode(other.payload).split(b'"subject":')[1],
    )
    key = demonstration_key(1, ROLE)
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(content) + content
    write_json(
        audit / f"statements/{ASKED}.dsse.json",
        {
            "payloadType": "application/vnd.in-toto+json",
            "payload": base64.b64encode(content).decode(),
            "signatures": [
                {"keyid": key.public.id, "sig": base64.b64encode(key.sign(signed)).decode()}
            ],
        },
    )

    assert ("open", "other_wording") == reason(audit)


def test_an_unsigned_statement_never_counts(audit: Path) -> None:
    """It is a draft; beside a signed one it does no harm."""
    write_yaml(audit / "statements/draft.yaml", paper.say(ASKED).model_dump(mode="json"))

    assert ("passed", "valid") == reason(audit)
    (audit / f"statements/{ASKED}.dsse.json").unlink()

    assert ("open", "unsigned") == reason(audit)


def test_without_a_policy_nobody_is_known(audit: Path) -> None:
    """Removing the policy makes no statement count, so it cannot help anyone past the gate."""
    write_yaml(audit / "policy.yaml", {"schema": 1})

    assert ("open", "unknown_key") == reason(audit)
    assert 2 == judge(audit).code


def test_demonstration_keys_count_for_synthetic_data_only(audit: Path) -> None:
    """Anyone can make them, so they say nothing of a real city."""
    policy = read_yaml(audit / "policy.yaml")
    write_yaml(audit / "policy.yaml", {**policy, "demonstration": True})

    assert ("passed", "valid") == reason(audit)
    content = read_json(audit / "dossier/manifest.json")
    write_json(audit / "dossier/manifest.json", {**content, "origin": "observed"})

    assert ("open", "demonstration") == reason(audit)


def test_a_denial_cannot_be_undone_by_spoiling_it(audit: Path) -> None:
    """Neither taking a denial back nor losing its document brings back what it denied."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, date=paper.TODAY - 2 * DAY)))
    denial = {"holds": False, "date": paper.TODAY - DAY}
    said = paper.say(ASKED, document={"name": "x.pdf", "sha256": "0" * 64}, **denial)
    paper.put(audit, "denial", paper.envelope(said))

    assert ("open", "document_changed") == reason(audit)


def test_somebody_else_takes_a_draft_for_theirs(audit: Path) -> None:
    """It counts from the day of acceptance, by the role that was held then."""
    accepted = Accepted(name="A. de Vries", on=paper.TODAY + DAY)
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, name="C."), accepted=accepted))

    assert ("open", "early") == reason(audit)
    assert ("passed", "valid") == reason(audit, paper.TODAY + DAY)


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("x.txt", lambda _: "", "no statement"),
        ("x.dsse.json", lambda _: "{}", "payload"),
        ("x.dsse.json", lambda text: text.replace("in-toto", "in-tutu"), "payloadType"),
        ("x.dsse.json", lambda _: "[" * 10000, "JSON"),
        ("x.dsse.json", lambda _: " " * (1 << 21), "bytes"),
    ],
    ids=["name", "empty", "type", "deep", "large"],
)
def test_what_is_no_statement_is_refused(
    audit: Path, name: str, spoil: Callable[[str], str], said: str
) -> None:
    """In one sentence that names the file."""
    text = (audit / f"statements/{ASKED}.dsse.json").read_text()
    (audit / "statements" / name).write_text(spoil(text))
    with pytest.raises(Exception, match=said) as error:
        paper.answered(audit)

    assert name in str(error.value)


@pytest.mark.parametrize("text", ["\x1b[2J", "\u202egnp", " ", "a\x00b"])
def test_what_a_person_typed_cannot_steer_a_terminal(text: str) -> None:
    """Control characters and letters that turn the order of a line are refused."""
    with pytest.raises(ValueError, match="claim"):
        paper.say(ASKED, claim=text)


def test_the_signed_words_are_canonical(audit: Path) -> None:
    """What is signed reads one way only."""
    path = audit / f"statements/{ASKED}.dsse.json"
    payload = base64.b64decode(read_json(path)["payload"])
    (audit / "payload.json").write_bytes(payload)

    assert payload == canonical(read_json(audit / "payload.json"))
