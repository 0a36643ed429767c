"""The gate: whether a model version may pass; it trusts no verdict that stands in a file."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cas_audit.assure.answers import Answer, Answers, answer_points, without_demonstrations
from cas_audit.assure.framework import Framework, load_framework
from cas_audit.assure.policy import Looser, Policy, load_policy
from cas_audit.assure.revisions import count, gaps, last_seal
from cas_audit.assure.risks import Register, list_risks
from cas_audit.assure.seal import differences
from cas_audit.assure.stated import Stated, read_statements
from cas_audit.audit.dossier import Manifest, read_manifest
from cas_audit.audit.finding import Finding, Findings
from cas_audit.audit.programme import list_checks
from cas_audit.config import read_record
from cas_audit.errors import EvidenceError
from cas_audit.files import digest

__all__ = ["Judgement", "Rests", "derive", "derive_risks", "judge", "read_findings", "read_rests"]

OPENS, BLOCKED, UNDECIDED = 0, 1, 2
CODES = {"opens": OPENS, "blocked": BLOCKED, "undecided": UNDECIDED}
REPORTS = ("report.nl.html", "report.en.html")
RECEIPTS = ("receipt.nl.html", "receipt.en.html")
NEEDED = (
    "dossier/manifest.json",
    "policy.yaml",
    "findings.json",
    "answers.json",
    "risks.json",
    *REPORTS,
    *RECEIPTS,
)


@dataclass(frozen=True)
class Judgement:
    """What the gate decides: its exit code, and why: doubts about the evidence, or points."""

    code: int
    sentences: list[str]  # doubts about the evidence itself; points are put in words by `present`
    points: list[Answer]
    looser: list[Looser] = field(default_factory=list)  # asks of the policy that do not count


@dataclass(frozen=True)
class Rests:
    """What answers rest on besides findings: framework, policy, and what people stated."""

    manifest: Manifest
    framework: Framework
    policy: Policy
    statements: list[Stated]


def judge(folder: Path, on: date | None = None, policy: Path | None = None) -> Judgement:
    """Judge an audit folder.

    Args:
        folder: the audit folder.
        on: the day on which statements must still be valid; by default that of the answers.
        policy: of the organisation; the audit must have been answered under the same.

    Raises:
        EvidenceError: the folder holds no seal, or a file of it does not fit its schema.
        ConfigError: the policy of the folder does not fit its schema.
    """
    doubts = _doubts(folder) or _other_policy(folder, policy)
    if doubts:
        return Judgement(BLOCKED, doubts, [])
    manifest = read_manifest(folder / "dossier")
    findings = read_findings(folder)
    doubts = _stale(folder, manifest, findings)
    if doubts:
        return Judgement(BLOCKED, doubts, [])
    stored = read_record(Answers, folder / "answers.json", EvidenceError)
    known = read_rests(folder)
    derived = derive(folder, stored.on, known)
    if derived != stored:
        said = "answers.json does not follow from the findings, the statements and the policy."
        return Judgement(BLOCKED, [said], [])
    if derive_risks(known, derived) != read_record(Register, folder / "risks.json", EvidenceError):
        return Judgement(BLOCKED, ["risks.json does not follow from the answers."], [])
    doubts = _other_pages(folder)
    if doubts:
        return Judgement(BLOCKED, doubts, [])
    answers = derived if on is None else derive(folder, on, known)
    points = [answer for answer in answers.answers if _stops(answer)]
    points.sort(key=lambda answer: answer.status == "open")  # what is wrong comes first
    return Judgement(CODES[answers.verdict.gate], [], points, answers.looser)


def derive(folder: Path, on: date | None = None, known: Rests | None = None) -> Answers:
    """Answer every point from what stands in an audit folder.

    Args:
        folder: the audit folder.
        on: the day of the answers; by default the reference date.
        known: what else answers rest on, when that was read already.

    Raises:
        EvidenceError: a file of the folder does not fit its schema.
        ConfigError: the policy does not.
    """
    known = known or read_rests(folder)
    day = on or known.manifest.reference_date
    findings = read_findings(folder).findings
    answers = answer_points(
        known.framework, findings, known.statements, known.manifest, day, policy=known.policy
    )
    named = {
        "policy": digest(folder / "policy.yaml"),
        "revision": count(folder),
        "previous": last_seal(folder),
    }
    return answers.model_copy(update=named)


def derive_risks(known: Rests, answers: Answers) -> Register:
    """Return the risk register that follows from answers."""
    counted = without_demonstrations(known.statements, known.policy, known.manifest)
    return list_risks(known.framework, answers, counted, known.policy)


def read_rests(folder: Path) -> Rests:
    """Read what the answers of an audit rest on besides its findings.

    Raises:
        EvidenceError: there is no policy, or a statement does not fit its schema.
        ConfigError: the policy does not fit its schema.
    """
    manifest = read_manifest(folder / "dossier")
    framework = load_framework(manifest.framework)
    path = folder / "policy.yaml"
    if not path.is_file():
        message = f"{folder} holds no policy.yaml; run `cas-audit answer` first."
        raise EvidenceError(message)
    policy = load_policy(path, framework)
    statements = read_statements(folder / "statements", framework, policy, manifest.name)
    return Rests(manifest, framework, policy, statements)


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
    return [f"{name} is missing: the evidence is incomplete." for name in missing] or gaps(folder)


def _other_policy(folder: Path, policy: Path | None) -> list[str]:
    if policy is None or digest(policy) == digest(folder / "policy.yaml"):
        return []
    return [f"policy.yaml is not {policy}; run `cas-audit answer --policy`, then `report`."]


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
    return answer.broke or (answer.blocking and answer.status in {"failed", "contradicted", "open"})
