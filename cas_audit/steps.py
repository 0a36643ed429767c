"""The steps: each reads an audit folder and writes it anew, sealed; a failure changes nothing."""

import platform
import shutil
import subprocess
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cas_audit import __version__
from cas_audit.assure.revisions import keep, past
from cas_audit.assure.seal import differences, seal_audit
from cas_audit.config import Config, Evidence, fill_in, load_config
from cas_audit.errors import EvidenceError, InputError
from cas_audit.files import digest, read_json, read_yaml, staged, tree, write_json, write_yaml
from cas_audit.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cas_audit.audit.dossier import Manifest

__all__ = [
    "answer",
    "audit",
    "check",
    "docs",
    "export",
    "forecast",
    "ingest",
    "mitigate",
    "record",
    "report",
    "revise",
    "run",
]

PACKAGES = (
    "fairlearn",
    "geopandas",
    "great_expectations",
    "mlflow",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "skops",
    "xarray",
)
MODEL_PARTS = (
    "model",
    "trials",
    "public",
    "forecasts.parquet",
    "next.parquet",
    "partition.parquet",
    "purpose.yaml",
    "decided.yaml",
    "law.yaml",
)
PAGES = ("report.nl.html", "report.en.html", "receipt.nl.html", "receipt.en.html")
RESULTS = ("findings.json", "answers.json", "risks.json", *PAGES)


def ingest(path: Path, out: Path) -> None:
    """Start an audit folder: what may come in, and its receipts."""
    with staged(out) as work:
        _ingest(path, work)
        seal_audit(work)


def forecast(path: Path, out: Path) -> None:
    """Forecast on what was ingested, and seal the dossier."""
    if past(out):
        message = f"{out} holds what people signed about its dossier; expected a new folder."
        raise EvidenceError(message)
    with _opened(out) as work:
        _forecast(path, work, out)


def check(out: Path) -> None:
    """Ask every check of the dossier."""
    with _opened(out) as work:
        _check(work)


def answer(
    out: Path,
    statements: Path | None = None,
    on: date | None = None,
    policy: Path | None = None,
) -> None:
    """Answer every point of the framework.

    Args:
        out: an audit folder.
        statements: a folder of statements, which replaces those in the audit.
        on: the day on which statements must have been made and be valid; by default the
            reference date.
        policy: of the organisation, which replaces that in the audit.
    """
    with _opened(out) as work:
        if policy is not None:
            _take_policy(policy, work)
        _answer(work, statements, on)


def revise(out: Path, add: "Callable[[Path], str]") -> str:
    """Add to an audit; what it said so far is kept as a revision, and made anew.

    Args:
        out: an audit folder that was answered and reported.
        add: what to do in a copy of it; returns the id of what it added.
    """
    missing = [name for name in RESULTS if not (out / name).is_file()]
    if missing:
        message = f"{out} holds no {missing[0]}; run `cas-audit answer` and `report` first."
        raise EvidenceError(message)
    with _opened(out) as work:
        if not past(work):
            keep(work)
        added = add(work)
        _answer(work, None, _newest_day(work))
        _report(work)
    return added


def report(out: Path) -> None:
    """Write the report and the receipts in both languages."""
    with _opened(out, same=True) as work:
        _report(work)


def docs(audit: Path, out: Path) -> list[Path]:
    """Write Data Docs of the suites of an intact audit, in another folder; return the pages."""
    from cas_audit.present.docs import write_docs  # noqa: PLC0415 - loads pandas

    _refuse_changed(audit)
    with staged(out) as work:
        pages = write_docs(audit, work)
    return [out / page.name for page in pages]


def export(
    audit: Path, out: Path, kinds: list[str] | None = None, language: Literal["nl", "en"] = "nl"
) -> list[Path]:
    """Write documents for others, or next week's forecast, of an intact audit.

    Args:
        audit: an audit folder.
        out: another folder, made or replaced as a whole.
        kinds: some of `present.exports.documents.WRITERS`, or `week`; by default every document.
        language: of what is written in one language.

    Returns:
        The files.

    Raises:
        EvidenceError: the audit is not as it was sealed, or its evidence does not hold.
        InputError: a kind does not exist.
    """
    from cas_audit.present.exports.documents import WRITERS, write_exports  # noqa: PLC0415 - pandas

    asked = kinds or list(WRITERS)
    if not set(asked) <= {*WRITERS, "week"}:
        message = f"export: unknown kind; expected some of {', '.join([*WRITERS, 'week'])}."
        raise InputError(message)
    _refuse_changed(audit)
    with staged(out) as work:
        write_exports(audit, work, asked, language)
        written = tree(work)
    return [out / name for name in written]


def mitigate(audit: Path, out: Path) -> list[Path]:
    """Write what other choices of cells would give in an intact audit, in another folder."""
    from cas_audit.present.frontier import write_frontier  # noqa: PLC0415 - loads pandas

    _refuse_changed(audit)
    with staged(out) as work:
        pages = write_frontier(audit, work)
    return [out / page.name for page in pages]


def record(out: Path) -> None:
    """Log the audit in the evidence store; ids and the clock stand outside the seal."""
    from cas_audit.assure.evidence import record as log  # noqa: PLC0415 - loads MLflow
    from cas_audit.assure.gate import read_findings  # noqa: PLC0415

    _refuse_changed(out)
    path = out / "dossier/config.yaml"
    chosen = Evidence.model_validate(read_yaml(path).get("evidence", {}))
    if chosen.tracking_uri:  # filled in here only: it may hold a password
        uri = fill_in(chosen.tracking_uri, path)
        chosen = chosen.model_copy(update={"tracking_uri": uri})
    logged = log(out, read_findings(out), chosen, out.absolute().parent / "mlflow")
    clock = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(out / "run.json", {"recorded_at": clock, "mlflow": logged})


def audit(path: Path, out: Path, statements: Path | None = None) -> None:
    """Run every step but `record`; `out` is replaced only when all of them ended well."""
    config = load_config(path)
    folder = statements or (Path(config.statements) if config.statements else None)
    with staged(out) as work:
        _ingest(path, work)
        _forecast(path, work, out)
        _check(work)
        _answer(work, folder)
        _report(work)
        seal_audit(work)


def run(path: Path, out: Path, statements: Path | None = None) -> None:
    """Audit, and log the audit in the evidence store."""
    audit(path, out, statements)
    say("record the evidence")
    record(out)


@contextmanager
def _opened(out: Path, *, same: bool = False) -> "Iterator[Path]":
    """Give a copy of an intact audit folder to work in; seal it and put it back.

    Once people added to it, what it said is kept first, unless the `same` answers stay.
    """
    _refuse_changed(out)
    before = digest(out / "audit.json")
    with staged(out, keep=True) as work:
        (work / "run.json").unlink(missing_ok=True)  # was about the folder as it stood
        if past(work) and not same:
            keep(work)
        yield work
        seal_audit(work)
        if digest(out / "audit.json") != before:
            message = f"{out} was changed by somebody else meanwhile; try again."
            raise EvidenceError(message)


def _refuse_changed(out: Path) -> None:
    found = differences(out)
    if found:
        message = f"{out}: {found[0]} Expected an audit as it was sealed."
        raise EvidenceError(message)


def _drop(work: Path, names: tuple[str, ...]) -> None:
    """Remove what rests on a step that is done again."""
    for name in names:
        path = work / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _ingest(path: Path, work: Path) -> None:
    from cas_audit.assure.framework import load_framework  # noqa: PLC0415 - loads pandas
    from cas_audit.assure.policy import load_policy  # noqa: PLC0415
    from cas_audit.audit.programme import list_checks, refuse_unknown  # noqa: PLC0415
    from cas_audit.forecast.work import ask_scheduler  # noqa: PLC0415
    from cas_audit.ingest.advisories import read_advisories  # noqa: PLC0415
    from cas_audit.ingest.step import ingest as admit  # noqa: PLC0415 - loads geopandas

    say("ingest")
    config = load_config(path)
    framework = load_framework(config.framework)  # what stops the last step should stop the first
    refuse_unknown(config.checks, list_checks())
    if config.policy:
        load_policy(Path(config.policy), framework)
    if config.advisories:
        read_advisories(Path(config.advisories), {})
    ask_scheduler(config.forecast.scheduler)
    admit(config, work / "dossier")
    shutil.copyfile(path, work / "dossier/config.yaml")
    if config.policy:
        shutil.copyfile(config.policy, work / "policy.yaml")


def _forecast(path: Path, work: Path, out: Path) -> None:
    from cas_audit.audit.dossier import seal_dossier  # noqa: PLC0415 - loads pandas
    from cas_audit.forecast.others import forecast as fit  # noqa: PLC0415 - loads scikit-learn

    dossier = work / "dossier"
    kept = dossier / "config.yaml"
    if not (dossier / "ingest/origin.json").is_file():
        message = f"{work.name} holds no ingested data; run `cas-audit ingest` first."
        raise EvidenceError(message)
    if digest(kept) != digest(path):
        message = f"{path} is not the configuration that was ingested; run `cas-audit ingest`."
        raise EvidenceError(message)
    _drop(work, RESULTS)
    _drop(dossier, MODEL_PARTS)
    say("forecast")
    config = load_config(path)
    tiles = out.absolute().parent / f".{out.name}.tiles"  # outlives a run that is stopped
    fit(config, dossier, tiles)
    shutil.rmtree(tiles, ignore_errors=True)
    if config.forecast.loop and (dossier / "model/search.json").is_file():  # fitted here
        from cas_audit.simulate.deployed import try_loop  # noqa: PLC0415

        try_loop(config, dossier)
    _record(config, dossier)
    seal_dossier(dossier, _manifest(config, dossier))


def _record(config: Config, dossier: Path) -> None:
    """Write down what people laid down or handed in; what they left out leaves no file."""
    from cas_audit.assure.laws import list_laws  # noqa: PLC0415
    from cas_audit.ingest.advisories import environment, read_advisories  # noqa: PLC0415

    write_yaml(dossier / "purpose.yaml", config.purpose.model_dump(mode="json"))
    if config.decided:
        decided = [one.model_dump(mode="json") for one in config.decided]
        write_yaml(dossier / "decided.yaml", {"decided": decided})
    if config.law:
        known = {name: f"{law.text_of}" for name, law in list_laws().items()}
        said = config.law.model_dump(mode="json")
        write_yaml(dossier / "law.yaml", {**said, "known_texts": known})
    if config.advisories:
        told = read_advisories(Path(config.advisories), environment(["cas-audit", *PACKAGES]))
        (dossier / "process").mkdir(exist_ok=True)
        write_json(dossier / "process/advisories.json", told)


def _manifest(config: Config, dossier: Path) -> "Manifest":
    from cas_audit.audit.dossier import Manifest  # noqa: PLC0415 - loads pandas

    return Manifest(
        schema=1,
        name=config.name,
        version=config.version,
        title=config.title,
        origin=read_json(dossier / "ingest/origin.json")["origin"],
        reference_date=config.reference_date,
        regime=config.regime,
        themes=config.themes,
        channels=list(config.channels),
        flagged_share=config.forecast.flagged_share,
        framework=config.framework,
        thresholds=config.checks,
        seed=config.forecast.seed,
        cas_audit=__version__,
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
        code_commit=_commit(),
    )


def _commit() -> str | None:
    """Return the commit of the checkout that the engine runs from; None when installed."""
    home = Path(__file__).resolve().parent
    git = shutil.which("git")
    if git is None or not (home.parent / ".git").exists():
        return None
    asked = [git, "-C", str(home), "rev-parse", "HEAD"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
    return said.stdout.strip() or None


def _check(work: Path) -> None:
    from cas_audit.audit.dossier import Dossier  # noqa: PLC0415 - loads pandas
    from cas_audit.audit.finding import Findings  # noqa: PLC0415
    from cas_audit.audit.programme import run_checks  # noqa: PLC0415

    _drop(work, RESULTS)
    dossier = Dossier(work / "dossier")
    say("check")
    found = run_checks(dossier, dossier.manifest.thresholds)
    about = digest(work / "dossier/manifest.json")
    findings = Findings(schema=1, dossier=about, findings=found)
    write_json(work / "findings.json", findings.model_dump(mode="json", by_alias=True))


def _answer(work: Path, statements: Path | None, on: date | None = None) -> None:
    from cas_audit.assure.gate import derive, derive_risks, read_rests  # noqa: PLC0415
    from cas_audit.assure.policy import EMPTY  # noqa: PLC0415

    _drop(work, RESULTS[1:])
    if not (work / "policy.yaml").is_file():  # its absence is a file too, so that it shows
        write_yaml(work / "policy.yaml", EMPTY.model_dump(mode="json", by_alias=True))
    if statements is not None:
        _take_statements(statements, work)
    known = read_rests(work)
    answers = derive(work, on, known)
    for one in answers.looser:
        say(f"policy: {one.threshold} of {one.check} is looser than point {one.point} allows")
    write_json(work / "answers.json", answers.model_dump(mode="json", by_alias=True))
    risks = derive_risks(known, answers)
    write_json(work / "risks.json", risks.model_dump(mode="json", by_alias=True))


def _take_policy(policy: Path, work: Path) -> None:
    """Copy a policy; refused where it lies, before it is copied."""
    from cas_audit.assure.framework import load_framework  # noqa: PLC0415 - loads pandas
    from cas_audit.assure.policy import load_policy  # noqa: PLC0415
    from cas_audit.audit.dossier import read_manifest  # noqa: PLC0415

    load_policy(policy, load_framework(read_manifest(work / "dossier").framework))
    shutil.copyfile(policy, work / "policy.yaml")


def _take_statements(statements: Path, work: Path) -> None:
    """Copy a folder of statements; refused where they lie, before they are copied."""
    from cas_audit.assure.gate import read_rests  # noqa: PLC0415 - loads pandas
    from cas_audit.assure.stated import read_statements  # noqa: PLC0415

    if not statements.is_dir():
        message = f"{statements} is no folder; expected a folder of statements."
        raise EvidenceError(message)
    if past(work):
        message = f"{work.name} holds what people signed, which is not replaced; use `attest`."
        raise EvidenceError(message)
    _drop(work, ("statements",))
    known = read_rests(work)
    read_statements(statements, known.framework, known.policy, known.manifest.name)
    tree(statements)  # refuses symbolic links
    shutil.copytree(statements, work / "statements")


def _newest_day(work: Path) -> date:
    """Return the day of the answers so far, or that of a newer statement of who may state it."""
    from cas_audit.assure.gate import read_rests  # noqa: PLC0415 - loads pandas
    from cas_audit.assure.stated import NOT_GENUINE  # noqa: PLC0415

    known = read_rests(work).statements
    said = [one.made_on for one in known if one.doubt not in NOT_GENUINE]
    return max([date.fromisoformat(read_json(work / "answers.json")["on"]), *said])


def _report(work: Path) -> None:
    from cas_audit.present.receipts import write_receipts  # noqa: PLC0415 - loads Jinja
    from cas_audit.present.report import write_reports  # noqa: PLC0415 - loads matplotlib

    say("report")
    write_reports(work)
    write_receipts(work)
