"""What every export is made of: one audit, read once, that the gate has no doubts about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cas_audit.assure.answers import Answers
from cas_audit.assure.gate import Rests, judge, read_findings, read_rests
from cas_audit.assure.risks import Register
from cas_audit.audit.dossier import Dossier, Manifest
from cas_audit.audit.finding import Finding
from cas_audit.config import Config, read_record
from cas_audit.errors import ConfigError, EvidenceError
from cas_audit.files import digest
from cas_audit.present.exports.plain import plain
from cas_audit.present.words import Language, Words, name_words

__all__ = ["Known", "read_known"]

WPG = "wpg"


@dataclass(frozen=True)
class Known:
    """An audit: its dossier, what was found, answered and stated, and what it was asked."""

    folder: Path
    dossier: Dossier
    rests: Rests
    answers: Answers
    findings: list[Finding]
    risks: Register
    config: Config

    @property
    def manifest(self) -> Manifest:
        """What the audit is about."""
        return self.rests.manifest

    @property
    def organisation(self) -> str:
        """Whose policy it is; empty when no policy says so."""
        return plain(self.rests.policy.organisation)

    @property
    def law(self) -> str | None:
        """The law by which the data are held, as a framework calls it; None for open data."""
        regime = self.manifest.regime
        return WPG if regime.startswith(WPG) else ("avg" if regime == "avg" else None)

    def words(self, language: Language) -> Words:
        """Return the words of a language, with the names of this audit."""
        return name_words(self.dossier, language)

    def purpose(self, key: str, language: Language) -> str:
        """Return what the organisation said of its purpose, in one language."""
        said = self.dossier.yaml("purpose.yaml").get(key)
        return plain(said[language]) if said else ""

    def json(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return a file of the dossier; None where this audit has none."""
        return self.dossier.json(name) if self.dossier.has(name) else None

    def digests(self) -> dict[str, str]:
        """Return the digests of what the exports rest on, by file."""
        names = ("dossier/manifest.json", "findings.json", "answers.json", "risks.json")
        return {name: digest(self.folder / name) for name in (*names, "policy.yaml")}


def read_known(audit: Path) -> Known:
    """Read an audit.

    Raises:
        EvidenceError: the gate doubts its evidence: an answer that does not follow from what was
            found and stated leaves the house in no form.
    """
    doubts = judge(audit).sentences
    if doubts:
        message = f"{audit}: {doubts[0]} Expected an audit whose evidence holds."
        raise EvidenceError(message)
    return Known(
        audit,
        Dossier(audit / "dossier"),
        read_rests(audit),
        read_record(Answers, audit / "answers.json", EvidenceError),
        read_findings(audit).findings,
        read_record(Register, audit / "risks.json", EvidenceError),
        read_record(Config, audit / "dossier/config.yaml", ConfigError),
    )
