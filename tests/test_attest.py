"""Attesting: a person adds, accepts or takes back; what was said before is kept."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from cas_audit import cli, steps
from cas_audit.assure.attest import accept
from cas_audit.assure.gate import judge, read_rests
from cas_audit.assure.keys import demonstration_key
from cas_audit.assure.revoking import revoke_key
from cas_audit.assure.seal import differences, seal_audit
from cas_audit.audit.dossier import Manifest
from cas_audit.errors import ConfigError, EvidenceError
from cas_audit.files import digest, read_json, read_yaml, staged, write_json, write_yaml
from tests import paper

ASKED, ROLE = "1.01.a", "system_owner"
LATER = "2026-01-06"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the audit on paper, made once."""
    return tmp_path_factory.mktemp("paper") / "audit"


@pytest.fixture
def audit(
    shared: Path, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a copy of an audit on paper in which one statement is missing."""
    if not shared.exists():
        paper.make(shared, manifest)
        (shared / f"statements/{ASKED}.dsse.json").unlink()
        paper.answered(shared)
    monkeypatch.setattr(steps, "_report", paper.write_pages)  # there is no city to draw
    return Path(shutil.copytree(shared, tmp_path / "audit"))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a folder with the key of two roles, and one of nobody."""
    for seed, role in ((1, ROLE), (1, "privacy_officer"), (2, "stranger")):
        demonstration_key(seed, role).write(tmp_path / f"keys/{role}.pem")
    return tmp_path / "keys"


def call(*arguments: object) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as exit_:
        cli.main([str(one) for one in arguments])
    code = exit_.value.code
    assert isinstance(code, int)
    return code


def attest(audit: Path, key: Path, *more: object, name: str = "A. de Vries") -> int:
    """State, on the command line, what is missing."""
    said = ["--point", ASKED, "--name", name, "--role", ROLE, "--key", key, "--on", LATER]
    return call("attest", audit, *said, *more)


def status(audit: Path) -> str:
    """Return the status of the point in the answers."""
    answers = read_json(audit / "answers.json")["answers"]
    return str(next(one["status"] for one in answers if one["id"] == "1.01"))


def test_a_person_states_what_was_missing(audit: Path, keys: Path) -> None:
    """The point is answered in a new revision; the old one stands as it was."""
    before = {name: digest(audit / name) for name in ("audit.json", "answers.json")}
    code = attest(audit, keys / f"{ROLE}.pem")
    kept = audit / "revisions/001"

    assert (0, "passed", 0) == (code, status(audit), judge(audit).code)
    assert before == {name: digest(kept / name) for name in before}
    assert (2, LATER) == tuple(read_json(audit / "answers.json")[key] for key in ("revision", "on"))
    assert [] == differences(audit)


def test_each_revision_names_the_one_before(audit: Path, keys: Path) -> None:
    """They make a chain, from the answers of today to the first."""
    attest(audit, keys / f"{ROLE}.pem")
    attest(audit, keys / f"{ROLE}.pem", "--claim", "Looked at anew.")
    answers = [
        read_json(audit / path)
        for path in ("answers.json", "revisions/002/answers.json", "revisions/001/answers.json")
    ]
    seals = [digest(audit / f"revisions/{number}/audit.json") for number in ("002", "001")]

    assert [3, 2, 1] == [one["revision"] for one in answers]
    assert [*seals, None] == [one["previous"] for one in answers]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("revisions/001", "gap"),
        ("revisions/002", "does not follow"),
        ("revisions/001/answers.json", "revision 001"),
        ("revisions/001/policy.yaml", "revision 001"),
        ("statements/1.02.a.dsse.json", "revision 001"),
    ],
)
def test_what_was_kept_cannot_go(audit: Path, keys: Path, name: str, said: str) -> None:
    """Also not by who seals anew: a revision, a page of it, or a statement it rested on."""
    attest(audit, keys / f"{ROLE}.pem")
    attest(audit, keys / f"{ROLE}.pem", "--claim", "Looked at anew.")
    path = audit / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    seal_audit(audit)
    judgement = judge(audit)

    assert (1, True) == (judgement.code, said in judgement.sentences[0])


def test_every_later_step_keeps_what_was_said(audit: Path, keys: Path) -> None:
    """Once people signed, answering anew is a revision too; nothing replaces what they signed."""
    attest(audit, keys / f"{ROLE}.pem")
    steps.answer(audit, on=dt.date(2026, 2, 1))

    assert 3 == read_json(audit / "answers.json")["revision"]
    with pytest.raises(EvidenceError, match="people signed"):
        steps.answer(audit, audit / "statements")
    with pytest.raises(EvidenceError, match="people signed"):
        steps.forecast(audit / "config.yaml", audit)
    with pytest.raises(EvidenceError, match="people signed"), staged(audit):
        pass


@pytest.mark.parametrize(
    ("key", "said"), [("privacy_officer", "bound to privacy_officer"), ("stranger", "no role")]
)
def test_a_key_of_another_role_signs_nothing(
    audit: Path, keys: Path, key: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused with the role it lacks, and the audit stays as it was."""
    code = attest(audit, keys / f"{key}.pem")

    assert (3, []) == (code, differences(audit))
    assert said in capsys.readouterr().err
    assert not (audit / "revisions").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--point", "9.99.z"], "no statement of that name"),
        (["--role", "privacy_officer"], "for the role system_owner"),
        (["--name", "\x1b[2J"], "control characters"),
        (["--document", "/nowhere.pdf"], "nowhere.pdf"),
    ],
    ids=["point", "role", "name", "document"],
)
def test_a_wrong_attestation_is_refused(
    audit: Path, keys: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, which does not repeat what was typed."""
    code = attest(audit, keys / f"{ROLE}.pem", *options)
    printed = capsys.readouterr().err

    assert (3, True, []) == (code, said in printed, differences(audit))
    assert "Our own failure" not in printed
    assert "\x1b" not in printed


def test_a_denial_fails_the_point(audit: Path, keys: Path) -> None:
    """A person who states that it is not so is believed."""
    attest(audit, keys / f"{ROLE}.pem", "--denies")

    assert ("failed", 1) == (status(audit), judge(audit).code)


def draft(folder: Path, **changes: Any) -> Path:
    """Write a draft as a form hands it over: unsigned, without system."""
    content = paper.say(ASKED, name="C. Jansen", system=None, **changes).model_dump(mode="json")
    write_json(folder / "draft.json", content)
    return folder / "draft.json"


def test_a_draft_is_accepted_by_who_holds_the_role(audit: Path, keys: Path, tmp_path: Path) -> None:
    """Who stated, who accepted and the document are kept; it counts from the acceptance."""
    document = tmp_path / "decision.txt"
    document.write_text("Adopted.")
    named = {"name": "decision.txt", "sha256": digest(document)}
    path = draft(tmp_path, document=named)
    accepted = ["--accept", path, "--key", keys / f"{ROLE}.pem", "--on", LATER]
    without = call("attest", audit, *accepted)
    code = call("attest", audit, *accepted, "--document", document)
    found = next(one for one in read_rests(audit).statements if one.statement.statement == ASKED)

    assert (3, 0, "passed") == (without, code, status(audit))
    assert found.accepted
    assert ("C. Jansen", "A. de Vries") == (found.statement.name, found.accepted.name)
    assert "Adopted." == (audit / f"statements/documents/{digest(document)}").read_text()


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"version": "9"}, "expected"), ({"point": "1.02"}, "asks for no")],
    ids=["version", "point"],
)
def test_a_draft_about_something_else_is_refused(
    audit: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """Of another version, or at a point that asks for no such thing."""
    path = draft(tmp_path, **changes)
    key = demonstration_key(1, ROLE)
    with pytest.raises(EvidenceError, match=said):
        accept(audit, path, key, paper.TODAY)


def test_a_statement_is_taken_back(audit: Path, keys: Path) -> None:
    """By its id; the statement stays, and counts no more."""
    attest(audit, keys / f"{ROLE}.pem")
    name = next(path.name for path in (audit / "statements").glob(f"{ASKED}-*"))
    taken = ["--revoke", name.removesuffix(".dsse.json"), "--on", LATER]
    wrong = call("attest", audit, *taken, "--key", keys / "privacy_officer.pem", "--reason", "x")
    code = call("attest", audit, *taken, "--key", keys / f"{ROLE}.pem", "--reason", "A mistake.")
    unknown = call(
        "attest", audit, "--revoke", "9.99.z", "--key", keys / f"{ROLE}.pem", "--reason", "x"
    )

    assert (3, 0, 3) == (wrong, code, unknown)
    assert ("open", True) == (status(audit), (audit / "statements" / name).is_file())


def test_two_people_at_once(audit: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is second is told so, and nothing of the first is lost."""
    plain = paper.write_pages

    def slow(work: Path) -> None:
        monkeypatch.setattr(steps, "_report", plain)
        attest(audit, keys / f"{ROLE}.pem", "--claim", "The first to end.")
        plain(work)

    monkeypatch.setattr(steps, "_report", slow)
    code = attest(audit, keys / f"{ROLE}.pem", "--claim", "The second.")
    said = [one.statement.claim for one in read_rests(audit).statements]

    assert (3, True, False) == (code, "The first to end." in said, "The second." in said)


POLICIES = {
    "none yet": "",
    "a list": "revoked_keys:  # lost or stolen\n- {key: %s, since: 2025-01-01, reason: Lost.}\n",
    "indented": "revoked_keys:\n  - key: %s\n    since: 2025-01-01\n    reason: Lost.\n",
    "in the middle": "revoked_keys:\n- {key: %s, since: 2025-01-01, reason: x}\nother_roles: {}\n",
}


@pytest.mark.parametrize("text", POLICIES.values(), ids=POLICIES.keys())
def test_a_key_is_revoked_in_the_policy(tmp_path: Path, text: str) -> None:
    """The comments and the rest of the policy stay as they are."""
    other = demonstration_key(1, "privacy_officer").public.id
    path = tmp_path / "policy.yaml"
    write_yaml(path, {"schema": 1, "roles": paper.holders()})
    path.write_text("# Of the board.\n" + path.read_text() + (text % other if text else ""))
    before = set(path.read_text().splitlines())
    key = demonstration_key(1, ROLE).public.id
    revoke_key(path, key, "Stolen: a laptop.", paper.TODAY)
    revoked = {one["key"]: one["reason"] for one in read_yaml(path)["revoked_keys"]}

    assert before <= set(path.read_text().splitlines())
    assert "Stolen: a laptop." == revoked[key]
    assert ({key, other} if text else {key}) == revoked.keys()
    with pytest.raises(ConfigError, match="already"):
        revoke_key(path, key, "x", paper.TODAY)


def test_a_policy_that_cannot_be_added_to_stays(tmp_path: Path) -> None:
    """A list in one line is left as it is, with a word on what was expected."""
    path = tmp_path / "policy.yaml"
    write_yaml(path, {"schema": 1, "roles": paper.holders()})
    path.write_text(path.read_text() + "revoked_keys: []\n")
    before = path.read_text()
    with pytest.raises(ConfigError, match="a line of its own"):
        revoke_key(path, demonstration_key(1, ROLE).public.id, "x", paper.TODAY)

    assert (before, ["policy.yaml"]) == (path.read_text(), [one.name for one in tmp_path.iterdir()])


def test_a_revoked_key_shuts_the_gate(audit: Path, keys: Path, tmp_path: Path) -> None:
    """From the command line: revoke, answer under the new policy, ask the gate."""
    attest(audit, keys / f"{ROLE}.pem")
    policy = tmp_path / "policy.yaml"
    shutil.copyfile(audit / "policy.yaml", policy)
    before = call("gate", audit, "--policy", policy)
    call("key", "revoke", keys / f"{ROLE}.pem", "--policy", policy, "--reason", "Lost.")
    between = call("gate", audit, "--policy", policy)
    call("answer", audit, "--policy", policy, "--on", LATER)
    steps.report(audit)

    assert (0, 1) == (before, between)
    assert (2, "open") == (judge(audit, policy=policy).code, status(audit))
