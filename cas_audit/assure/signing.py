"""Signing: an in-toto Statement in a DSSE envelope, over RFC 8785 canonical JSON; offline.

in-toto Statement v1: https://in-toto.io/Statement/v1. DSSE v1.0.0: the signature is over the
pre-authentication encoding (PAE) of type and payload, so that no payload passes as another type.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import rfc8785
from pydantic import Field, ValidationError

from cas_audit.assure.keys import PrivateKey, PublicKey
from cas_audit.config import Strict
from cas_audit.errors import EvidenceError

__all__ = ["Claimed", "Envelope", "Subject", "canonical", "pae", "sign", "signers", "unpack"]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Digests(Strict):
    """The digest of what is spoken of."""

    sha256: Sha256


class Subject(Strict):
    """What a statement is about, by name and digest."""

    name: str
    digest: Digests


class Claimed(Strict):
    """An in-toto Statement v1: subjects, and what is said of them."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(default=STATEMENT_TYPE, alias="_type")
    subject: Annotated[list[Subject], Field(min_length=1, max_length=1000)]
    predicateType: str  # noqa: N815 - as in-toto writes it
    predicate: dict[str, Any]


class Signature(Strict):
    """One signature, and the id of the key that is said to have made it."""

    keyid: Sha256
    sig: Annotated[str, Field(max_length=200)]


class Envelope(Strict):
    """A DSSE envelope: the payload in base64, and signatures over it."""

    payloadType: Literal["application/vnd.in-toto+json"] = PAYLOAD_TYPE  # noqa: N815 - of DSSE
    payload: Annotated[str, Field(max_length=1 << 20)]
    signatures: Annotated[list[Signature], Field(min_length=1, max_length=20)]

    @property
    def content(self) -> bytes:
        """The payload as it was signed."""
        return _decode(self.payload)

    @property
    def id(self) -> str:
        """The SHA-256 of the payload."""
        return hashlib.sha256(self.content).hexdigest()


def canonical(content: Mapping[str, Any]) -> bytes:
    """Return the one way to write JSON (RFC 8785).

    >>> canonical({"b": 1.0, "a": "é"}).decode()
    '{"a":"é","b":1}'
    """
    return rfc8785.dumps(dict(content))


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what DSSE signs: type and payload with their lengths before them.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(claimed: Claimed, keys: Iterable[PrivateKey]) -> Envelope:
    """Put a statement in an envelope, signed by each of some keys."""
    payload = canonical(claimed.model_dump(mode="json", by_alias=True))
    signed = pae(PAYLOAD_TYPE, payload)
    signatures = [Signature(keyid=key.public.id, sig=_encode(key.sign(signed))) for key in keys]
    return Envelope(payload=_encode(payload), signatures=signatures)


def signers(envelope: Envelope, keys: Mapping[str, PublicKey]) -> tuple[set[str], set[str]]:
    """Return the ids of known keys whose signature holds, and of those whose does not.

    Args:
        envelope: what was signed.
        keys: the known keys by id; a signature by any other is neither.
    """
    signed = pae(envelope.payloadType, envelope.content)
    good: set[str] = set()
    bad: set[str] = set()
    for one in envelope.signatures:
        if one.keyid in keys:
            held = keys[one.keyid].holds(_decode(one.sig), signed)
            (good if held else bad).add(one.keyid)
    return good, bad


def unpack(envelope: Envelope) -> Claimed:
    """Read the statement in an envelope; whether it is signed is not asked.

    Raises:
        EvidenceError: the payload is no in-toto Statement in canonical JSON.
    """
    try:
        content = json.loads(envelope.content)
        claimed = Claimed.model_validate(content)
    except (ValueError, RecursionError, ValidationError):
        message = "the payload is no in-toto Statement v1."
        raise EvidenceError(message) from None
    if _written(content) != envelope.content:
        message = "the payload is not in canonical JSON (RFC 8785)."
        raise EvidenceError(message)
    return claimed


def _written(content: Mapping[str, Any]) -> bytes | None:
    try:
        return canonical(content)
    except (rfc8785.CanonicalizationError, RecursionError):
        return None


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        message = "an envelope holds something else than base64."
        raise EvidenceError(message) from None
