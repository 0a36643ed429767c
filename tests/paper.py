"""An audit on paper: sealed, answered and open to the gate, without a city behind it."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cas_audit.assure.demonstration import POLICY
from cas_audit.assure.framework import Framework, load_framework
from cas_audit.assure.gate import REPORTS, derive, derive_risks, read_rests
from cas_audit.assure.keys import demonstration_key
from cas_audit.assure.seal import seal_audit
from cas_audit.assure.signing import Envelope
from cas_audit.assure.statements import Accepted, Statement, find_wanted, sign_statement
from cas_audit.audit.dossier import Manifest, seal_dossier
from cas_audit.audit.finding import Estimand, Finding, Findings, Outcome
from cas_audit.audit.programme import list_checks
from cas_audit.files import digest, read_json, write_json, write_yaml

__all__ = [
    "NAMES",
    "POLICY",
    "TODAY",
    "answered",
    "envelope",
    "holders",
    "make",
    "put",
    "say",
    "set_finding",
    "write_pages",
]

TODAY = dt.date(2026, 1, 5)
FRAMEWORK = "rekenkamer-2.0"
NAMES = {"system_owner": "A. de Vries", "privacy_officer": "B. Bakker"}


@cache
def framework() -> Framework:
    """Return the framework of the audit on paper."""
    return load_framework(FRAMEWORK)


def holders(seed: int = 1) -> dict[str, list[dict[str, Any]]]:
    """Return a holder with a key for each role."""
    return {
        role: [
            {
                "name": NAMES.get(role, f"Holder of {role}"),
                "key": demonstration_key(seed, role).public.text,
            }
        ]
        for role in framework().roles
    }


def say(asked: str, **changes: Any) -> Statement:
    """Return a statement that counts, by the id of what is asked."""
    point, wanted = find_wanted(framework(), asked)
    plain = {
        "framework": framework().framework,
        "version": framework().version,
        "point": point,
        "statement": asked,
        "holds": True,
        "claim": "Yes.",
        "role": wanted.role,
        "name": NAMES.get(wanted.role, f"Holder of {wanted.role}"),
        "date": TODAY,
        "valid_until": TODAY + dt.timedelta(days=wanted.valid_days),
        "system": "paper",
    }
    return Statement.model_validate({**plain, **changes})


def envelope(
    statement: Statement, *roles: str, seed: int = 1, accepted: Accepted | None = None
) -> Envelope:
    """Sign a statement with the keys of some roles, by default its own."""
    keys = [demonstration_key(seed, role) for role in roles or (statement.role,)]
    return sign_statement(statement, framework(), keys, accepted)


def put(folder: Path, name: str, signed: Envelope) -> Path:
    """Put a signed statement in an audit."""
    path = folder / f"statements/{name}.dsse.json"
    write_json(path, signed)
    return path


def make(
    folder: Path, manifest: Manifest, beside: Mapping[str, Any] | None = None, **policy: Any
) -> Path:
    """Write an audit in which every check is met and every statement is made.

    `beside` are files that the dossier holds more, by path: JSON or YAML.
    """
    (folder / "dossier").mkdir(parents=True)
    write_json(folder / "dossier/data/groups.json", {"groups": []})
    for name, content in (beside or {}).items():
        (write_yaml if name.endswith(".yaml") else write_json)(folder / "dossier" / name, content)
    seal_dossier(folder / "dossier", manifest.model_copy(update={"name": "paper"}))
    found = [
        Finding(
            check=check.name,
            check_version=check.version,
            outcome=Outcome.MET,
            message="met",
            estimand=Estimand.RECORD,
            thresholds=check.thresholds,
        )
        for check in list_checks().values()
    ]
    about = digest(folder / "dossier/manifest.json")
    write_json(folder / "findings.json", _plain(Findings(schema=1, dossier=about, findings=found)))
    plain = {"schema": 1, "organisation": "Paper", "roles": holders()}
    write_yaml(folder / "policy.yaml", {**plain, **policy})
    for point in framework().points:
        for wanted in point.statements:
            put(folder, wanted.id, envelope(say(wanted.id)))
    answered(folder)
    return folder


def answered(folder: Path, on: dt.date | None = None) -> dict[str, Any]:
    """Answer anew, write pages that are about it, and seal; return the answers by point."""
    known = read_rests(folder)
    answers = derive(folder, on, known)
    write_json(folder / "answers.json", _plain(answers))
    write_json(folder / "risks.json", _plain(derive_risks(known, answers)))
    write_pages(folder)
    seal_audit(folder)
    return {one.id: one for one in answers.answers}


def write_pages(folder: Path) -> None:
    """Write pages that name what they are about."""
    for name in REPORTS:
        about = digest(folder / "answers.json")
        (folder / name).write_text(f'<meta name="answers-sha256" content="{about}">')
    for name in ("receipt.nl.html", "receipt.en.html"):
        about = digest(folder / "dossier/manifest.json")
        (folder / name).write_text(f'<meta name="dossier-sha256" content="{about}">')


def set_finding(folder: Path, check: str, outcome: str) -> None:
    """Change the outcome of a check, as another dossier would."""
    content = read_json(folder / "findings.json")
    for one in content["findings"]:
        if one["check"] == check:
            one["outcome"] = outcome
    write_json(folder / "findings.json", content)


def _plain(record: Any) -> dict[str, Any]:
    plain: dict[str, Any] = record.model_dump(mode="json", by_alias=True)
    return plain
