"""What a person states, by name and role, until a date; signed, it can count.

A statement is an in-toto Statement in a DSSE envelope: its subject is the sentence that the
framework asks for, by digest, so that nobody is held to other words than those he signed.
An unsigned statement is a draft.
"""

import datetime as dt
import hashlib
from typing import Any, Final, Literal

from pydantic import StrictBool, ValidationError, field_validator

from cas_audit.assure.framework import Framework, Wanted
from cas_audit.assure.keys import PrivateKey
from cas_audit.assure.policy import Level, Line, Plain
from cas_audit.assure.signing import (
    Claimed,
    Envelope,
    Sha256,
    Subject,
    canonical,
    sign,
    unpack,
)
from cas_audit.config import Strict
from cas_audit.errors import EvidenceError

__all__ = [
    "Accepted",
    "Attached",
    "Remaining",
    "Revocation",
    "Statement",
    "find_wanted",
    "read_signed",
    "sign_revocation",
    "sign_statement",
    "subject_of",
]

STATED: Final = "urn:cas-audit:statement:1"
REVOKED: Final = "urn:cas-audit:revocation:1"


class Attached(Strict):
    """A document handed in with a statement: its name, and its digest, under which it is kept."""

    name: Line
    sha256: Sha256

    @field_validator("name")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if set(value) & set("/\\"):  # a name, not a path
            message = "is no file name"
            raise ValueError(message)
        return value


class Remaining(Strict):
    """The risk that remains, as a person sees it, and what is done about it."""

    level: Level
    owner: Line | None = None
    treatment: Plain | None = None
    review: dt.date | None = None


class Statement(Strict):
    """One statement: whether what a point asks holds, who says so, and until when."""

    framework: Line
    version: Line
    point: Line
    statement: Line
    holds: StrictBool
    claim: Plain
    role: Line
    name: Line
    date: dt.date
    valid_until: dt.date
    system: Line | None = None
    document: Attached | None = None
    risk: Remaining | None = None
    demonstration: bool = False

    def is_valid(self, wanted: Wanted, on: dt.date) -> bool:
        """Say whether it still counts on a day."""
        return on <= self.valid_until and (on - self.date).days <= wanted.valid_days


class Accepted(Strict):
    """Who took a draft of somebody else for theirs, and signed it."""

    name: Line
    on: dt.date


class Said(Strict):
    """What a signed statement says."""

    statement: Statement
    accepted: Accepted | None = None


class Revocation(Strict):
    """A statement taken back: by whom, when and why."""

    statement: Line
    sha256: Sha256
    role: Line
    name: Line
    on: dt.date
    reason: Plain


def find_wanted(framework: Framework, name: str) -> tuple[str, Wanted]:
    """Return the point and the statement it asks for, by the id of the statement.

    Raises:
        EvidenceError: no point asks for it.
    """
    for point in framework.points:
        for wanted in point.statements:
            if wanted.id == name:
                return point.id, wanted
    message = (
        f"{framework.framework} {framework.version} asks for no statement of that name; "
        "expected one such as 1.01.a."
    )
    raise EvidenceError(message)


def subject_of(framework: Framework, wanted: Wanted) -> Subject:
    """Return the sentence that is stated, by digest: other words are another subject."""
    words = canonical(wanted.text.model_dump(mode="json"))
    name = f"{framework.framework}-{framework.version}/{wanted.id}"
    return Subject.model_validate(
        {"name": name, "digest": {"sha256": hashlib.sha256(words).hexdigest()}}
    )


def sign_statement(
    statement: Statement,
    framework: Framework,
    keys: list[PrivateKey],
    accepted: Accepted | None = None,
) -> Envelope:
    """Sign a statement with one key or several."""
    _, wanted = find_wanted(framework, statement.statement)
    said = Said(statement=statement, accepted=accepted)
    return _sign(STATED, subject_of(framework, wanted), said, keys)


def sign_revocation(revocation: Revocation, keys: list[PrivateKey]) -> Envelope:
    """Sign that a statement is taken back."""
    digest = {"sha256": revocation.sha256}
    about = Subject.model_validate({"name": revocation.statement, "digest": digest})
    return _sign(REVOKED, about, revocation, keys)


def read_signed(envelope: Envelope) -> tuple[Claimed, Said | Revocation]:
    """Return what an envelope says; whether it is signed is not asked.

    Raises:
        EvidenceError: it says something else than a statement or a revocation.
    """
    claimed = unpack(envelope)
    kinds: dict[str, type[Said | Revocation]] = {STATED: Said, REVOKED: Revocation}
    if claimed.predicateType not in kinds:
        message = "it is of an unknown kind; expected a statement or a revocation."
        raise EvidenceError(message)
    try:
        return claimed, kinds[claimed.predicateType].model_validate(claimed.predicate)
    except ValidationError:
        message = "it does not fit the schema of a statement."
        raise EvidenceError(message) from None


def _sign(
    kind: Literal["urn:cas-audit:statement:1", "urn:cas-audit:revocation:1"],
    about: Subject,
    said: Strict,
    keys: list[PrivateKey],
) -> Envelope:
    predicate: dict[str, Any] = said.model_dump(mode="json", exclude_none=True)
    return sign(Claimed(subject=[about], predicateType=kind, predicate=predicate), keys)
