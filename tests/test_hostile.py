"""Attacks on statements: each would have counted, spoken to a terminal, or hidden something."""

import base64
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cas_audit import cli, steps
from cas_audit.assure.answers import counting
from cas_audit.assure.compare import compare
from cas_audit.assure.gate import judge, read_rests
from cas_audit.assure.keys import PublicKey, demonstration_key
from cas_audit.assure.seal import differences, seal_audit
from cas_audit.assure.statements import Accepted, find_wanted
from cas_audit.audit.dossier import Manifest
from cas_audit.errors import EvidenceError, InputError
from cas_audit.files import read_json, read_yaml, write_json, write_yaml
from tests import paper

DAY = dt.timedelta(days=1)
POINT, ASKED, ROLE, OTHER = "1.01", "1.01.a", "system_owner", "privacy_officer"
SMALL = {"level": "small", "owner": "A. de Vries", "treatment": "None.", "review": paper.TODAY}
STEER = "\x1b[2J\x1b]0;all is well\x07"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the audit on paper, made once."""
    return tmp_path_factory.mktemp("paper") / "audit"


@pytest.fixture
def audit(
    shared: Path, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a copy of an audit on paper, without the one statement that is attacked."""
    if not shared.exists():
        paper.make(shared, manifest)
        (shared / f"statements/{ASKED}.dsse.json").unlink()
        paper.answered(shared)
    monkeypatch.setattr(steps, "_report", paper.write_pages)  # there is no city to draw
    return Path(shutil.copytree(shared, tmp_path / "audit"))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return the file of the key of the system owner."""
    demonstration_key(1, ROLE).write(tmp_path / "owner.pem")
    return tmp_path / "owner.pem"


def call(*arguments: object) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as exit_:
        cli.main([str(one) for one in arguments])
    code = exit_.value.code
    assert isinstance(code, int)
    return code


def reason(folder: Path, on: dt.date | None = None) -> tuple[str, str]:
    """Answer anew; return the status of the point and what is said of the statement."""
    answer = paper.answered(folder, on)[POINT]
    said = next(one.kind for one in answer.reasons if one.about == ASKED)
    return answer.status, said.removeprefix("statement_")


def test_nobody_speaks_in_the_name_of_another(audit: Path) -> None:
    """A holder of the role writes the name of somebody else above what he signed himself."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, name="C. Minister")))

    assert ("open", "other_name") == reason(audit)


def test_nobody_accepts_in_the_name_of_another(audit: Path) -> None:
    """The report names who accepted; it must be who signed."""
    accepted = Accepted(name="C. Minister", on=paper.TODAY)
    said = paper.say(ASKED, name="D. Jansen")
    paper.put(audit, ASKED, paper.envelope(said, accepted=accepted))

    assert ("open", "other_name") == reason(audit)
    accepted = Accepted(name=paper.NAMES[ROLE], on=paper.TODAY)
    paper.put(audit, ASKED, paper.envelope(said, accepted=accepted))

    assert ("passed", "valid") == reason(audit)


def test_a_name_counts_when_one_of_two_signers_bears_it(audit: Path) -> None:
    """A second signature, by whoever, adds no right and takes none away."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED), OTHER, ROLE))

    assert ("passed", "valid") == reason(audit)
    said = paper.say(ASKED, name=paper.NAMES[OTHER])
    paper.put(audit, ASKED, paper.envelope(said, OTHER, ROLE))

    assert ("open", "other_name") == reason(audit)


def test_who_may_not_state_it_sets_no_risk(audit: Path) -> None:
    """Not by naming a role that he does hold, at a point that asks for another."""
    said = paper.say(ASKED, role=OTHER, name=paper.NAMES[OTHER], risk=SMALL)
    paper.put(audit, ASKED, paper.envelope(said))
    answer = paper.answered(audit)[POINT]
    [entry] = [one for one in read_json(audit / "risks.json")["risks"] if one["point"] == POINT]

    assert (None, None) == (answer.risk.set, entry["treatment"])
    assert ("open", "wrong_role") == reason(audit)


def test_a_demonstration_treats_no_risk_of_a_real_city(tmp_path: Path, manifest: Manifest) -> None:
    """Its keys are no secret; neither answer nor register may rest on it."""
    real = manifest.model_copy(update={"origin": "observed"})
    audit = paper.make(tmp_path / "audit", real)
    said = paper.say(ASKED, risk=SMALL, demonstration=True)
    paper.put(audit, ASKED, paper.envelope(said))
    answer = paper.answered(audit)[POINT]
    [entry] = [one for one in read_json(audit / "risks.json")["risks"] if one["point"] == POINT]

    assert ("open", None) == (answer.status, answer.risk.set)
    assert (None, None) == (entry["owner"], entry["treatment"])


def test_who_left_the_role_cannot_accept_as_of_before(audit: Path) -> None:
    """The role must have been held on the day from which the statement counts."""
    left = dt.date(2025, 6, 30)
    policy = read_yaml(audit / "policy.yaml")
    policy["roles"][ROLE][0]["until"] = left.isoformat()
    write_yaml(audit / "policy.yaml", policy)
    accepted = Accepted(name=paper.NAMES[ROLE], on=left)
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED), accepted=accepted))

    assert ("open", "wrong_role") == reason(audit)


def test_a_revoked_key_of_another_role_denies_nothing(audit: Path) -> None:
    """Whoever stole it could else shut every point for good."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED)))
    denied = paper.say(ASKED, holds=False, date=paper.TODAY)
    paper.put(audit, f"{ASKED}-denied", paper.envelope(denied, OTHER))
    policy = read_yaml(audit / "policy.yaml")
    stolen = demonstration_key(1, OTHER).public.id
    policy["revoked_keys"] = [{"key": stolen, "since": "2026-01-05", "reason": "Stolen."}]
    write_yaml(audit / "policy.yaml", policy)

    assert ("passed", "valid") == reason(audit)


def test_a_stranger_does_not_move_the_day_of_the_answers(audit: Path, key: Path) -> None:
    """A statement that nobody known signed, dated far ahead, would let others expire."""
    ahead = paper.TODAY + 3650 * DAY
    said = paper.say("1.03.a", date=ahead, valid_until=ahead)
    paper.put(audit, "1.03.a-stranger", paper.envelope(said, seed=9))
    paper.answered(audit)
    said_now = ["--point", ASKED, "--name", "A. de Vries", "--role", ROLE, "--key", key]
    code = call("attest", audit, *said_now, "--on", "2026-01-06")

    assert (0, "2026-01-06") == (code, read_json(audit / "answers.json")["on"])


def draft(folder: Path, **changes: Any) -> Path:
    """Write an unsigned draft of somebody without a key."""
    content = paper.say(ASKED, name="C. Jansen", system=None).model_dump(mode="json")
    write_json(folder / "draft.json", {**content, **changes})
    return folder / "draft.json"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"role": OTHER}, "for the role system_owner"),
        ({"date": "2027-01-01"}, "after the day"),
        ({"framework": STEER}, "framework"),
        ({"version": STEER}, "version"),
        ({"point": STEER}, "point"),
        ({"statement": f"../{STEER}"}, "statement"),
        ({"role": "system_\u043ewner"}, "for the role system_owner"),
        ({"role": f"x{STEER}"}, "role"),
        ({"name": "A. de Vries\n1.01 passed"}, "name"),
        ({"name": "A\u2028B"}, "name"),
        ({"document": {"name": "../../policy.yaml", "sha256": "0" * 64}}, "document"),
        ({"document": {"name": "a.pdf", "sha256": "../../../policy.yaml"}}, "document"),
        ({"system": "another"}, "another system"),
    ],
    ids=[
        "role", "future", "framework", "version", "point", "statement", "lookalike", "steer",
        "two-lines", "separator", "document-name", "document-path", "system",
    ],
)  # fmt: skip
@pytest.mark.usefixtures("key")
def test_a_hostile_draft_is_not_accepted(
    audit: Path,
    tmp_path: Path,
    changes: dict[str, Any],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Refused in one sentence, which repeats nothing that steers a terminal; nothing changed."""
    path, signing = draft(tmp_path, **changes), ["--key", tmp_path / "owner.pem"]
    code = call("attest", audit, "--accept", path, *signing, "--on", "2026-01-06")
    printed = capsys.readouterr().err

    assert (3, []) == (code, differences(audit))
    assert said in printed
    assert not {"\x1b", "\x07", "\u2028"} & set(printed)
    assert 1 == printed.count("\n")


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_of_two_keys_none_is_unseen(tmp_path: Path, suffix: str) -> None:
    """Who reads a draft sees the first `holds`, a reader of JSON takes the last."""
    path = tmp_path / f"draft.{suffix}"
    path.write_text('{"holds": false, "claim": "No.", "holds": true}')
    read = read_json if suffix == "json" else read_yaml

    with pytest.raises(InputError, match=suffix.upper()):
        read(path)


def test_yaml_is_not_merged(tmp_path: Path) -> None:
    """A merge puts values at a place where nobody who reads the draft sees them."""
    (tmp_path / "draft.yaml").write_text("claim: No.\n<<: {holds: true}\n")

    with pytest.raises(InputError, match="merge"):
        read_yaml(tmp_path / "draft.yaml")


def test_the_name_of_a_file_steers_no_terminal(
    audit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor forges a line: what was added is named, with its marks spelled out."""
    (audit / f"statements/{STEER}\naudit: every file is as it was sealed.yaml").write_text("{}")
    code = call("verify", audit)
    printed = capsys.readouterr().out

    assert 1 == code
    assert "\\x1b" in printed
    assert "\x1b" not in printed
    assert 1 == printed.count("\n")


@pytest.mark.parametrize("name", ["\u202egpj.yaml", "a\nb.yaml", "\x1b.dsse.json"])
def test_a_statement_needs_a_plain_name(audit: Path, name: str) -> None:
    """The name is the id that the report shows and that a revocation repeats."""
    (audit / "statements" / name).write_text("{}")

    with pytest.raises(EvidenceError, match="plain name") as error:
        read_rests(audit)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["notes.html", "ab", "A" * 64, "sub/x"])
def test_documents_are_kept_by_digest_alone(audit: Path, name: str) -> None:
    """Anything else would ride along into the audit unseen."""
    path = audit / "statements/documents" / name
    path.parent.mkdir(parents=True)
    path.write_text("x")

    with pytest.raises(EvidenceError, match="documents"):
        read_rests(audit)


@pytest.mark.parametrize("y", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18])
@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_for_which_anything_is_signed_is_no_key(y: int, sign: int) -> None:
    """With a point of small order as key, a signature that nobody made holds for many texts."""
    point = (y | sign << 255).to_bytes(32, "little")
    der = demonstration_key(1, ROLE).public.der[:-32] + point

    with pytest.raises(ValueError, match="no public key"):
        PublicKey(base64.b64encode(der).decode())


def test_a_payload_passes_as_no_other_kind(audit: Path) -> None:
    """Neither a revocation as a statement, nor a payload of another type."""
    signed = paper.envelope(paper.say(ASKED))
    claimed = json.loads(signed.content)
    claimed["predicateType"] = "urn:cas-audit:revocation:1"
    path = audit / f"statements/{ASKED}.dsse.json"
    payload = base64.b64encode(json.dumps(claimed).encode()).decode()
    for change in ({"payload": payload}, {"payloadType": "application/json"}):
        write_json(path, {**signed.model_dump(mode="json"), **change})
        with pytest.raises(EvidenceError):
            read_rests(audit)


def test_a_statement_of_another_audit_does_not_count(audit: Path) -> None:
    """Copied from an audit of another system, or of none, or from another point."""
    for system in ("elsewhere", None):
        paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, system=system)))
        assert ("open", "other_system") == reason(audit)
    content = paper.envelope(paper.say("1.03.a"))
    paper.put(audit, ASKED, content)

    assert ("open", "missing") == reason(audit)


def test_a_link_in_the_statements_is_refused(audit: Path, key: Path, tmp_path: Path) -> None:
    """Where they are handed in, and inside an audit."""
    folder = tmp_path / "handed"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / ("0" * 64)).symlink_to(key)

    with pytest.raises(EvidenceError, match="symbolic link"):
        steps.answer(audit, folder)
    (audit / "statements/x.dsse.json").symlink_to(key)

    with pytest.raises(EvidenceError, match="symbolic link"):
        judge(audit)


def test_an_export_shows_what_counts_only(audit: Path) -> None:
    """Not what expired, nor what was stated after the day of the answers, nor another role."""
    wrong: list[dict[str, Any]] = [
        {"valid_until": paper.TODAY - DAY},
        {"date": paper.TODAY + DAY},
        {"role": OTHER, "name": paper.NAMES[OTHER]},
    ]
    for change in [*wrong, {}]:
        paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, **change)))
        known = read_rests(audit)
        _, wanted = find_wanted(known.framework, ASKED)
        found = counting(known.statements, wanted, known.policy, known.manifest, paper.TODAY)

        assert ([] if change else [ASKED]) == [one.id for one in found]


def test_a_statement_of_later_hides_no_expiry(audit: Path, tmp_path: Path) -> None:
    """What does not count yet does not make what counts last longer."""
    paper.put(audit, ASKED, paper.envelope(paper.say(ASKED, valid_until=paper.TODAY + DAY)))
    later = {"date": paper.TODAY + 300 * DAY, "valid_until": paper.TODAY + 600 * DAY}
    paper.put(audit, f"{ASKED}-later", paper.envelope(paper.say(ASKED, **later)))
    paper.answered(audit)
    shutil.copytree(audit, tmp_path / "before")
    found = compare(tmp_path / "before", audit)

    assert [(ASKED, paper.TODAY + DAY)] == [(one.about, one.last_day) for one in found.expires]


def test_a_forged_answer_is_not_compared(audit: Path, tmp_path: Path) -> None:
    """Who can write the folder can seal it anew; the later answers are derived again."""
    shutil.copytree(audit, tmp_path / "before")
    content = read_json(audit / "answers.json")
    for one in content["answers"]:
        one["status"] = "passed"
    write_json(audit / "answers.json", content)
    seal_audit(audit)

    with pytest.raises(EvidenceError, match="does not follow"):
        compare(tmp_path / "before", audit)
