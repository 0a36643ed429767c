"""The gate: whether a model version may pass; it trusts no verdict that stands in a file."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cas_audit.assure.answers import Answer, Answers, answer_points
from cas_audit.assure.framework import load_framework
from cas_audit.assure.seal import differences
from cas_audit.assure.statements import read_statements
from cas_audit.audit.dossier import Manifest, read_manifest
from cas_audit.audit.finding import Finding, Findings
from cas_audit.audit.programme import list_checks
from cas_audit.config import read_record
from cas_audit.errors import EvidenceError
from cas_audit.files import digest

__all__ = ["Judgement", "derive", "judge", "read_findings"]

OPENS, BLOCKED, UNDECIDED = 0, 1, 2
CODES = {"opens": OPENS, "blocked": BLOCKED, "undecided": UNDECIDED}
REPORTS = ("report.nl.html", "report.en.html")
RECEIPTS = ("receipt.nl.html", "receipt.en.html")
NEEDED = ("dossier/manifest.json", "findings.json", "answers.json", *REPORTS, *RECEIPTS)


@dataclass(frozen=True)
class Judgement:
    """What the gate decides: its exit code, and why: doubts about the evidence, or points."""

    code: int
    sentences: list[str]  # doubts about the evidence itself; points are put in words by `present`
    points: list[Answer]


def judge(folder: Path, on: date | None = None) -> Judgement:
    """Judge an audit folder.

    Args:
        folder: the audit folder.
        on: the day on which statements must still be valid; by default that of the answers.

    Raises:
        EvidenceError: the folder holds no seal, or a file of it does not fit its schema.
    """
    doubts = _doubts(folder)
    if doubts:
        return Judgement(BLOCKED, doubts, [])
    manifest = read_manifest(folder / "dossier")
    findings = read_findings(folder)
    doubts = _stale(folder, manifest, findings)
    if doubts:
        return Judgement(BLOCKED, doubts, [])
    stored = read_record(Answers, folder / "answers.json", EvidenceError)
    derived = derive(folder, stored.on)
    if derived != stored:
        said = "answers.json does not follow from the findings and the statements."
        return Judgement(BLOCKED, [said], [])
    doubts = _other_pages(folder)
    if doubts:
        return Judgement(BLOCKED, doubts, [])
    answers = derived if on is None else derive(folder, on)
    points = [answer for answer in answers.answers if _stops(answer)]
    points.sort(key=lambda answer: answer.status == "open")  # what is wrong comes first
    return Judgement(CODES[answers.verdict.gate], [], points)


def derive(folder: Path, on: date | None = None) -> Answers:
    """Answer every point from what stands in an audit folder.

    Raises:
        EvidenceError: a file of the folder does not fit its schema.
    """
    manifest = read_manifest(folder / "dossier")
    framework = load_framework(manifest.framework)
    statements = read_statements(folder / "statements", framework)
    findings = read_findings(folder).findings
    return answer_points(framework, findings, statements, manifest, on or manifest.reference_date)


def read_findings(folder: Path) -> Findings:
    """Return the findings of an audit.

    Raises:
        EvidenceError: there are none, or they do not fit their schema.
    """
    path = folder / "findings.json"
    if not path.is_file():
        message = f"{folder} holds no findings.json; run `cas-audit check` first."
        raise EvidenceError(message)
    return read_record(Findings, path, EvidenceError)


def _doubts(folder: Path) -> list[str]:
    changed = differences(folder)
    if changed:
        return changed
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    return [f"{name} is missing: the evidence is incomplete." for name in missing]


def _stale(folder: Path, manifest: Manifest, found: Findings) -> list[str]:
    """Name what no longer belongs together: dossier and manifest, findings and checks."""
    dossier = folder / "dossier"
    changed = [
        f"dossier/{name} is not the file that the manifest names."
        for name, value in manifest.files.items()
        if not (dossier / name).is_file() or digest(dossier / name) != value
    ]
    if found.dossier != digest(dossier / "manifest.json"):
        changed.append("findings.json is about another dossier.")
    names = [finding.check for finding in found.findings]
    if len(set(names)) < len(names):
        changed.append("findings.json holds more than one finding of a check.")
    if not found.findings:
        changed.append("findings.json holds no finding: nothing was run.")
    return changed + _other_checks(found.findings)


def _other_pages(folder: Path) -> list[str]:
    """Name the pages that are not about these answers, or not about this dossier."""
    parts = (
        (REPORTS, "answers", folder / "answers.json"),
        (RECEIPTS, "dossier", folder / "dossier/manifest.json"),
    )
    return [
        f"{name} does not belong to the {of}; run `cas-audit report`."
        for names, of, about in parts
        for name in names
        if f'name="{of}-sha256" content="{digest(about)}"' not in _page(folder / name)
    ]


def _page(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _other_checks(findings: list[Finding]) -> list[str]:
    checks = list_checks()
    return [
        f"{finding.check} was run in another version than the installed one."
        for finding in findings
        if finding.check not in checks or checks[finding.check].version != finding.check_version
    ]


def _stops(answer: Answer) -> bool:
    error = any(reason.kind == "check_error" for reason in answer.reasons)
    return error or (answer.blocking and answer.status in {"failed", "contradicted", "open"})
