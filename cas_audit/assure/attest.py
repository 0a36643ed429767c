"""Attesting: a person states something about an audit, or takes it back, with a key."""

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from cas_audit.assure.framework import Wanted
from cas_audit.assure.gate import Rests, read_rests
from cas_audit.assure.keys import PrivateKey
from cas_audit.assure.policy import Holder
from cas_audit.assure.signing import Envelope
from cas_audit.assure.stated import DOCUMENTS, Stated, read_statement
from cas_audit.assure.statements import (
    Accepted,
    Attached,
    Revocation,
    Statement,
    find_wanted,
    sign_revocation,
    sign_statement,
)
from cas_audit.config import Strict
from cas_audit.errors import EvidenceError
from cas_audit.files import demand_plain, digest, write_json

__all__ = ["Wish", "accept", "attest", "revoke"]

MOST_DOCUMENT_BYTES = 100 << 20
HELD = "Dit is zo. / This is so."
DENIED = "Dit is niet zo. / This is not so."
Record = TypeVar("Record", bound=Strict)


@dataclass(frozen=True)
class Wish:
    """What a person wants to state, in the words of the command line.

    Without `valid_until` it holds as long as the framework allows; `risk` is what remains, by the
    keys of `Remaining`.
    """

    asked: str
    name: str
    role: str
    on: dt.date
    claim: str | None = None
    holds: bool = True
    valid_until: dt.date | None = None
    document: Path | None = None
    risk: Mapping[str, Any] | None = None


def attest(folder: Path, wish: Wish, key: PrivateKey) -> str:
    """Make a statement in an audit, and sign it; return its id.

    Raises:
        EvidenceError: the framework asks for no such statement of this role, or the policy does not
            bind the key to it.
    """
    known = read_rests(folder)
    point, wanted = find_wanted(known.framework, wish.asked)
    _demand_role(wanted, wish.role)
    until = wish.valid_until or wish.on + dt.timedelta(days=wanted.valid_days)
    said = {
        "framework": known.framework.framework,
        "version": known.framework.version,
        "point": point,
        "statement": wish.asked,
        "holds": wish.holds,
        "claim": wish.claim or (HELD if wish.holds else DENIED),
        "role": wish.role,
        "name": wish.name,
        "date": wish.on,
        "valid_until": until,
        "document": _attach(folder, wish.document),
        "risk": wish.risk,
    }
    statement = _made(Statement, said)
    return _add(folder, known, statement, key, wish.on)


def accept(
    folder: Path, draft: Path, key: PrivateKey, on: dt.date, document: Path | None = None
) -> str:
    """Take the unsigned draft of a person for ours, and sign it; return the id of the statement.

    Args:
        folder: an audit.
        draft: what the person handed in (JSON or YAML).
        key: of a holder of the role that the draft names.
        on: the day of acceptance.
        document: that the draft names by digest.

    Raises:
        EvidenceError: the draft is no statement that this framework asks for, of another role or a
            later day, its document is not the one handed in, or the policy does not bind the key to
            the role.
    """
    known = read_rests(folder)
    statement = read_statement(draft, known.framework)
    _demand_role(find_wanted(known.framework, statement.statement)[1], statement.role)
    if statement.date > on:
        message = f"{draft} is dated after the day on which it is accepted ({on})."
        raise EvidenceError(message)
    named, given = statement.document, _attach(folder, document)
    if (named and named.sha256) != (given and given.sha256):
        message = f"{draft}: the document it names by digest was not handed in with it."
        raise EvidenceError(message)
    return _add(folder, known, statement, key, on)


def revoke(folder: Path, name: str, reason: str, key: PrivateKey, on: dt.date) -> str:
    """Take a statement back; return the id of the revocation.

    Raises:
        EvidenceError: there is no such statement, or the policy does not bind the key to its role.
    """
    known = read_rests(folder)
    found = _find(known, name)
    role = found.statement.role
    holder = _holder(known, role, key, on)
    said = {"statement": found.id, "sha256": found.sha256, "role": role}
    revocation = _made(Revocation, {**said, "name": holder.name, "on": on, "reason": reason})
    return _write(folder, f"{found.id}-revoked", sign_revocation(revocation, [key]))


def _demand_role(wanted: Wanted, role: str) -> None:
    if role != wanted.role:
        message = f"{wanted.id} is for the role {wanted.role}; found another."
        raise EvidenceError(message)


def _made(model: type[Record], said: Mapping[str, Any]) -> Record:
    """Make a record of what a person typed, and name what does not fit without repeating it."""
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}."
        raise EvidenceError(message) from None


def _add(folder: Path, known: Rests, statement: Statement, key: PrivateKey, on: dt.date) -> str:
    """Sign for oneself, or, where somebody else stated it, as who accepted it."""
    holder = _holder(known, statement.role, key, on)
    accepted = None if holder.name == statement.name else Accepted(name=holder.name, on=on)
    if statement.system not in {None, known.manifest.name}:
        message = "The statement is about another system than this audit."
        raise EvidenceError(message)
    ours = statement.model_copy(update={"system": known.manifest.name})
    signed = sign_statement(ours, known.framework, [key], accepted)
    return _write(folder, f"{statement.statement}-{signed.id[:12]}", signed)


def _holder(known: Rests, role: str, key: PrivateKey, on: dt.date) -> Holder:
    held = known.policy.holders(role, key.public.id, on)
    if held:
        return held[0]
    bound = ", ".join(known.policy.roles_of(key.public.id)) or "no role"
    why = "revoked" if key.public.id in known.policy.revoked else f"bound to {bound}"
    message = (
        f"The key {key.public.id[:12]} is {why} on {on} in the policy of this audit; "
        f"expected a key of the role {role}."
    )
    raise EvidenceError(message)


def _find(known: Rests, name: str) -> Stated:
    signed = [one for one in known.statements if one.sha256]
    found = [one for one in signed if one.id == name]
    if len(found) == 1:
        return found[0]
    message = "The audit holds no signed statement of that id; expected one that its report names."
    raise EvidenceError(message)


def _attach(folder: Path, document: Path | None) -> Attached | None:
    """Keep a document under its digest, beside the statements."""
    if document is None:
        return None
    if demand_plain(document) > MOST_DOCUMENT_BYTES:
        message = f"{document} holds more than {MOST_DOCUMENT_BYTES} bytes; expected fewer."
        raise EvidenceError(message)
    attached = _made(Attached, {"name": document.name, "sha256": digest(document)})
    kept = folder / "statements" / DOCUMENTS / attached.sha256
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        shutil.copyfile(document, kept)
    return attached


def _write(folder: Path, name: str, signed: Envelope) -> str:
    path = folder / f"statements/{name}.dsse.json"
    if path.exists():
        message = f"{path.name} stands in the audit already; nothing was added."
        raise EvidenceError(message)
    write_json(path, signed)
    return name
