"""Signing: what the standards say, an independent oracle, and keys nobody else may use."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cas_audit import cli
from cas_audit.assure.keys import (
    PrivateKey,
    PublicKey,
    demonstration_key,
    new_key,
    read_private,
    read_public,
)
from cas_audit.assure.signing import (
    Claimed,
    Envelope,
    canonical,
    pae,
    sign,
    signers,
    unpack,
)
from cas_audit.errors import CasAuditError, EvidenceError, InputError

ONE, TWO = demonstration_key(1, "one"), demonstration_key(1, "two")
KNOWN = {key.public.id: key.public for key in (ONE, TWO)}
CLAIMED = Claimed.model_validate(
    {
        "subject": [{"name": "point", "digest": {"sha256": "0" * 64}}],
        "predicateType": "urn:example",
        "predicate": {"said": "é", "count": 1},
    }
)


def test_the_signature_of_rfc_8032() -> None:
    """Test 2 of section 7.1 of the standard: one byte, its key and its signature."""
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    expected = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )

    assert expected == PrivateKey(Ed25519PrivateKey.from_private_bytes(secret)).sign(b"r").hex()


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("http://example.com/HelloWorld", b"hello world", b"29 http://example.com/HelloWorld 11 "),
        ("", b"", b"0  0 "),
        ("é", "é".encode(), b"2 \xc3\xa9 2 "),
    ],
    ids=["of the specification", "nothing", "lengths are bytes"],
)
def test_pre_authentication_encoding(kind: str, payload: bytes, expected: bytes) -> None:
    """As DSSE defines it."""
    assert b"DSSEv1 " + expected + payload == pae(kind, payload)


def test_canonical_json() -> None:
    """The sorting and the numbers that RFC 8785 shows."""
    found = canonical({"\u20ac": 1e30, "\r": 4.50, "1": 2e-3, "\U0001f600": 0.000001})

    assert '{"\\r":4.5,"1":0.002,"€":1e+30,"😀":0.000001}'.encode() == found


def test_another_implementation_accepts_it() -> None:
    """The library securesystemslib reads the envelope and verifies both signatures, offline."""
    oracle = pytest.importorskip("securesystemslib.dsse")
    signer = pytest.importorskip("securesystemslib.signer")
    made = sign(CLAIMED, [ONE, TWO])
    envelope = oracle.Envelope.from_dict(json.loads(made.model_dump_json()))
    keys = [
        signer.SSlibKey(key.public.id, "ed25519", "ed25519", {"public": key.public.der[-32:].hex()})
        for key in (ONE, TWO)
    ]

    assert KNOWN.keys() == envelope.verify(keys, threshold=2).keys()


def test_plain_cryptography_accepts_it(tmp_path: Path) -> None:
    """From the file of the public key and the definition of PAE alone."""
    ONE.write(tmp_path / "key.pem")
    public = load_pem_public_key((tmp_path / "key.pem.pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    made = json.loads(sign(CLAIMED, [ONE]).model_dump_json())
    signature = base64.b64decode(made["signatures"][0]["sig"])
    body = base64.b64decode(made["payload"])
    kind = made["payloadType"]
    signed = f"DSSEv1 {len(kind)} {kind} {len(body)} ".encode() + body
    public.verify(signature, signed)

    with pytest.raises(InvalidSignature):
        public.verify(signature, signed + b" ")


def test_what_was_signed_comes_back() -> None:
    """Twice the same bytes, and both signers are found."""
    made = sign(CLAIMED, [ONE, TWO])

    assert CLAIMED == unpack(made)
    assert made == sign(CLAIMED, [ONE, TWO])
    assert (set(KNOWN), set()) == signers(made, KNOWN)


@pytest.mark.parametrize("place", range(0, 240, 7))
def test_any_changed_bit_is_noticed(place: int) -> None:
    """A known key whose signature no longer holds is named as such."""
    made = sign(CLAIMED, [ONE])
    body = bytearray(made.content)
    body[place % len(body)] ^= 1
    edited = made.model_copy(update={"payload": base64.b64encode(body).decode()})

    assert (set(), {ONE.public.id}) == signers(edited, KNOWN)


def test_a_key_id_cannot_name_another_key() -> None:
    """A signature by one under the id of the other does not hold; a stranger's is nobody's."""
    made = sign(CLAIMED, [ONE])
    other = made.signatures[0].model_copy(update={"keyid": TWO.public.id})
    stranger = sign(CLAIMED, [new_key()])

    assert (set(), {TWO.public.id}) == signers(
        made.model_copy(update={"signatures": [other]}), KNOWN
    )
    assert (set(), set()) == signers(stranger, KNOWN)


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b"[",
        b"\xff",
        b'{"_type":"https://in-toto.io/Statement/v1"}',
        b"[" * 5000,
        canonical(CLAIMED.model_dump(by_alias=True)) + b" ",
        canonical(CLAIMED.model_dump(by_alias=True)).replace(b'"count":1', b'"count":1,"count":1'),
    ],
    ids=["empty", "cut", "no text", "partial", "deep", "blank", "twice"],
)
def test_what_is_no_statement_is_refused(payload: bytes) -> None:
    """Also what two readers could read in two ways."""
    envelope = Envelope(
        payload=base64.b64encode(payload).decode(), signatures=sign(CLAIMED, [ONE]).signatures
    )

    with pytest.raises(EvidenceError, match="payload"):
        unpack(envelope)


@pytest.mark.parametrize("change", [{"payload": "é"}, {"payload": "a"}])
def test_what_is_no_base64_is_refused(change: dict[str, Any]) -> None:
    """Strictly: no reader skips what another reads."""
    with pytest.raises(EvidenceError, match="base64"):
        unpack(sign(CLAIMED, [ONE]).model_copy(update=change))


def test_a_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Written with mode 0600; refused as soon as others may read it; never overwritten."""
    path = tmp_path / "keys/mine.pem"
    ONE.write(path)

    assert 0o600 == path.stat().st_mode & 0o777
    assert ONE.public.id == read_private(path).public.id == read_public(path).id
    assert ONE.public.text == read_public(path.with_name("mine.pem.pub")).text
    with pytest.raises(EvidenceError, match="never overwritten"):
        TWO.write(path)
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(EvidenceError, match="expected 0600"):
            read_private(path)


@pytest.mark.parametrize(
    "content", [b"", b"x" * 5000, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """In one sentence, without what stands in it."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    for read in (read_private, read_public):
        with pytest.raises(InputError, match=r"key\.pem") as error:
            read(path)

        assert "AAAA" not in str(error.value)


def test_another_kind_of_key_is_refused() -> None:
    """An X25519 key has the same length and another purpose."""
    other = base64.b64encode(bytes.fromhex("302a300506032b656e032100") + bytes(32)).decode()

    with pytest.raises(ValueError, match="another kind"):
        PublicKey(other)
    with pytest.raises(CasAuditError):
        read_private(Path("/nowhere/key.pem"))


def test_new_keys_differ() -> None:
    """And a demonstration key follows from its seed and role."""
    ids = {new_key().public.id, new_key().public.id}
    ids |= {demonstration_key(seed, role).public.id for seed in (1, 2) for role in ("a", "b")}

    assert 6 == len(ids)


def test_keys_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`key new` says the id; `key show` prints what a policy holds, from either file."""
    path = tmp_path / "mine.pem"
    said = []
    for command in (["new", str(path)], ["show", str(path)], ["show", f"{path}.pub", "--json"]):
        with pytest.raises(SystemExit) as exit_:
            cli.main(["key", *command])
        said.append((exit_.value.code, capsys.readouterr().out))
    public = read_public(path)

    assert [0, 0, 0] == [code for code, _ in said]
    assert all(public.id in text for _, text in said)
    assert f"key: {public.text}" in said[1][1]
    assert {"id": public.id, "key": public.text} == json.loads(said[2][1])
