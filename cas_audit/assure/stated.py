"""The statements in an audit, each with what is wrong with it: only one without a doubt counts."""

import datetime as dt
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cas_audit.assure.framework import Framework
from cas_audit.assure.policy import Policy
from cas_audit.assure.signing import Claimed, Envelope, Sha256, signers
from cas_audit.assure.statements import (
    Accepted,
    Revocation,
    Said,
    Statement,
    find_wanted,
    read_signed,
    subject_of,
)
from cas_audit.config import read_record
from cas_audit.errors import EvidenceError
from cas_audit.files import demand_plain, digest, shown

__all__ = ["DOCUMENTS", "NOT_GENUINE", "Stated", "read_statement", "read_statements"]

DOCUMENTS = "documents"
SIGNED = ".dsse.json"
BY_DIGEST = re.compile(r"[0-9a-f]{64}")
MOST_BYTES = 1 << 20
MOST_FILES = 10_000
Doubt = Literal[
    "unsigned",
    "altered",
    "unknown_key",
    "revoked_key",
    "wrong_role",
    "other_name",
    "other_wording",
    "other_system",
    "document_changed",
    "revoked",
]
NOT_GENUINE = (
    "unsigned",
    "altered",
    "unknown_key",
    "wrong_role",
    "other_name",
    "other_wording",
    "other_system",
)


@dataclass(frozen=True)
class Stated:
    """A statement as it was handed in, and the doubt about it; its id is what a revocation names.

    `signed_by` are the names that the policy gives to the keys whose signature holds.
    """

    statement: Statement
    id: str = ""
    sha256: Sha256 = ""
    accepted: Accepted | None = None
    signed_by: tuple[str, ...] = ()
    doubt: Doubt | None = None
    revoked: Revocation | None = None

    @property
    def made_on(self) -> dt.date:
        """The day from which it can count."""
        return max(self.statement.date, self.accepted.on) if self.accepted else self.statement.date


@dataclass(frozen=True)
class _Signed:
    """An envelope and what it says."""

    id: str
    envelope: Envelope
    claimed: Claimed
    said: Said | Revocation


def read_statements(
    folder: Path, framework: Framework, policy: Policy, system: str
) -> list[Stated]:
    """Return the statements in a folder, sorted by statement and date; none if it is absent.

    Args:
        folder: of signed statements (`.dsse.json`) and drafts (`.yaml`), with `documents/`.
        framework: that asks for them.
        policy: which keys may speak in which role.
        system: the name of the audited system.

    Raises:
        EvidenceError: a file is no statement, or is about another framework or unknown point.
    """
    signed, found = [], []
    for path in _files(folder):
        if path.name.endswith(SIGNED):
            signed.append(_open(path))
        else:
            found.append(Stated(read_statement(path, framework), path.stem, doubt="unsigned"))
    revocations = [one for one in signed if isinstance(one.said, Revocation)]
    for one in revocations:
        _refuse_altered(folder / f"{one.id}{SIGNED}", one, policy)
    for one in signed:
        if isinstance(one.said, Said):
            _refuse_other(folder / f"{one.id}{SIGNED}", one.said.statement, framework)
            judged = _judge(one, one.said, framework, policy, system)
            found.append(_documented(folder, _taken_back(judged, revocations, policy)))
    return sorted(found, key=lambda one: (one.statement.statement, one.statement.date, one.id))


def read_statement(path: Path, framework: Framework) -> Statement:
    """Read one unsigned statement.

    Raises:
        EvidenceError: it is no statement, or about another framework or unknown point.
    """
    if path.suffix not in {".yaml", ".json"} or not path.is_file():
        message = f"{path} is no statement; expected files that end in .yaml or {SIGNED}."
        raise EvidenceError(message)
    _refuse_large(path)
    statement = read_record(Statement, path, EvidenceError)
    _refuse_other(path, statement, framework)
    return statement


def _files(folder: Path) -> list[Path]:
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    if len(entries) > MOST_FILES:
        message = f"{folder} holds more than {MOST_FILES} files; expected statements."
        raise EvidenceError(message)
    for path in entries:
        if not path.name.isprintable():
            message = f"{shown(str(path))} has no plain name; expected one without unseen marks."
            raise EvidenceError(message)
    _refuse_strays(folder / DOCUMENTS)
    return [path for path in entries if not (path.name == DOCUMENTS and path.is_dir())]


def _refuse_strays(documents: Path) -> None:
    """What no statement can name would ride along unseen."""
    for path in sorted(documents.iterdir()) if documents.is_dir() else []:
        if not (BY_DIGEST.fullmatch(path.name) and path.is_file()):
            message = f"{documents} holds {shown(path.name)}; expected files named by SHA-256."
            raise EvidenceError(message)


def _open(path: Path) -> _Signed:
    _refuse_large(path)
    envelope = read_record(Envelope, path, EvidenceError)
    try:
        claimed, said = read_signed(envelope)
    except EvidenceError as error:
        message = f"{path}: {error}"
        raise EvidenceError(message) from None
    return _Signed(path.name.removesuffix(SIGNED), envelope, claimed, said)


def _refuse_altered(path: Path, revocation: _Signed, policy: Policy) -> None:
    """An edited revocation could bring back what it took back."""
    if signers(revocation.envelope, policy.keys)[1]:
        message = f"{path} was edited after it was signed."
        raise EvidenceError(message)


def _refuse_large(path: Path) -> None:
    if demand_plain(path) > MOST_BYTES:
        message = f"{path} holds more than {MOST_BYTES} bytes; expected a statement."
        raise EvidenceError(message)


def _refuse_other(path: Path, statement: Statement, framework: Framework) -> None:
    about = (statement.framework, statement.version)
    if about != (framework.framework, framework.version):
        message = (
            f"{path} is about {' '.join(about)}; "
            f"expected {framework.framework} {framework.version}."
        )
        raise EvidenceError(message)
    known = {(point.id, one.id) for point in framework.points for one in point.statements}
    if (statement.point, statement.statement) not in known:
        message = f"{path}: point {statement.point} asks for no {statement.statement}."
        raise EvidenceError(message)


def _judge(
    signed: _Signed, said: Said, framework: Framework, policy: Policy, system: str
) -> Stated:
    statement = said.statement
    good, bad = signers(signed.envelope, policy.keys)
    stated = Stated(statement, signed.id, signed.envelope.id, said.accepted)
    names = _names(policy, statement.role, good, stated.made_on)
    bound = {role for key in good for role in policy.roles_of(key)}
    _, wanted = find_wanted(framework, statement.statement)
    speaker = said.accepted or statement
    doubts: list[tuple[Doubt, bool]] = [  # the first that is so
        ("altered", bool(bad)),
        ("unknown_key", not good),
        ("wrong_role", statement.role != wanted.role or statement.role not in bound),
        ("revoked_key", not good - policy.revoked),
        ("wrong_role", not names),
        ("other_name", speaker.name not in names),
        ("other_wording", signed.claimed.subject != [subject_of(framework, wanted)]),
        ("other_system", statement.system != system),
    ]
    doubt = next((name for name, so in doubts if so), None)
    return replace(stated, signed_by=names, doubt=doubt)


def _names(policy: Policy, role: str, keys: set[str], on: dt.date) -> tuple[str, ...]:
    held = {one.name for key in keys for one in policy.holders(role, key, on)}
    return tuple(sorted(held))


def _taken_back(stated: Stated, revocations: list[_Signed], policy: Policy) -> Stated:
    """Mark what somebody who holds the same role took back."""
    if stated.doubt:
        return stated
    for one in revocations:
        said = one.said
        if not isinstance(said, Revocation) or said.sha256 != stated.sha256:
            continue
        good, _ = signers(one.envelope, policy.keys)
        if _names(policy, stated.statement.role, good, said.on):
            return replace(stated, doubt="revoked", revoked=said)
    return stated


def _documented(folder: Path, stated: Stated) -> Stated:
    document = stated.statement.document
    if stated.doubt or document is None:
        return stated
    path = folder / DOCUMENTS / document.sha256
    intact = path.is_file() and digest(path) == document.sha256
    return stated if intact else replace(stated, doubt="document_changed")
