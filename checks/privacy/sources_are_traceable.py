"""Every table can be traced to its file, its contract and its suite, by digest."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

HEXADECIMAL = set("0123456789abcdef")
DIGITS = 64


def sources_are_traceable(dossier: Dossier, *, min_tables: float = 2) -> Finding:
    """Can every table be traced to the file it came from, and to what was asked of it?

    Why: data whose origin is unknown cannot be checked, corrected or destroyed at the source.

    How: each receipt must name the SHA-256 of the source, of the contract and of the suite; that of
    the contract must be the digest of the contract kept beside it, as the manifest has it.
    A fact of the record: there is no interval.

    Limits: a digest says which file came in, not where that file came from, nor whether it is what
    the source system holds today.

    Remedy: ingest again, from files that are kept as long as the model.
    """
    rows = []
    for name in dossier.ingested("receipt"):
        receipt = dossier.json(name)
        kept = dossier.manifest.files.get(name.replace(".receipt.", ".contract."))
        digests = [receipt.get(f"{of}sha256") for of in ("", "contract_", "suite_")]
        whole = all(_is_digest(one) for one in digests)
        rows.append({"table": receipt["table"], "traceable": whole and digests[1] == kept})
    lost = sum(not row["traceable"] for row in rows)
    outcome = Outcome.MET if len(rows) >= min_tables else Outcome.INSUFFICIENT
    if lost:
        outcome = Outcome.NOT_MET
    found = state(outcome, tables=len(rows), lost=lost)
    return found.model_copy(
        update={"n": {"tables": len(rows)}, "tables": {"tables": as_rows(rows)}}
    )


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == DIGITS and set(value) <= HEXADECIMAL
