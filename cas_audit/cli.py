"""The command line; the only place that exits.

Exit codes: 0 done, 1 refused by evidence, 2 undecided, 3 unreadable input, wrong usage or our
own failure. Only `gate` and `verify` exit by verdict.
Heavy modules are loaded inside the commands that need them, so that `--help` is quick.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.exceptions import TyperException

from cas_audit import cli_people, processes
from cas_audit.errors import CasAuditError, InputError
from cas_audit.files import shown

__all__ = ["app", "main"]

GATE = {
    0: "the gate opens.",
    1: "the gate stays shut: blocked.",
    2: "the gate stays shut: points are still open.",
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Audit place-based crime forecasting.",
    pretty_exceptions_enable=False,
)
Folder = Annotated[Path, typer.Argument(help="An audit folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


Config = Annotated[Path, typer.Argument(help="A configuration (YAML).")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write; replaced only if it is ours.")]
Statements = Annotated[
    Path | None, typer.Option("--statements", help="Folder of statements; replaces those there.")
]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="Day on which statements must be valid."),
]
Policy = Annotated[Path | None, typer.Option("--policy", help="Policy of the organisation (YAML).")]
Seed = Annotated[int, typer.Option(min=0, help="Of the city.")]
Language = Annotated[Literal["nl", "en"], typer.Option("--language", help="Of the sentences.")]


@app.command()
def demo(
    out: Out = Path("demo"),
    seed: Seed = 1,
    framework: Annotated[str, typer.Option(help="Whose points are answered.")] = "rekenkamer-2.0",
) -> None:
    """Audit two versions of a trial city from one raw feed."""
    from cas_audit.assure.gate import judge  # noqa: PLC0415
    from cas_audit.demo import demonstrate  # noqa: PLC0415

    folders = demonstrate(out, seed=seed, framework=framework)
    for folder in folders:
        code = judge(folder).code
        typer.echo(f"{folder}: {GATE[code]}")
        typer.echo(f"    {folder / 'report.nl.html'}\n    {folder / 'report.en.html'}")
    typer.echo(f"Next: open a report; ask `{_us()} gate {folders[0]}` why the gate stays shut;")
    typer.echo(f"change a byte in {folders[-1]} and ask `{_us()} verify {folders[-1]}` which.")


@app.command()
def replay(out: Out = Path("replay"), seed: Seed = 1) -> None:
    """Audit a trial city as the Court of Audit examined CAS in 2022: what was lacking is denied."""
    from cas_audit.replay import replay as again  # noqa: PLC0415

    folder = again(out, seed=seed)
    typer.echo(f"{folder / 'report.nl.html'}\n{folder / 'report.en.html'}")
    typer.echo(f"Next: `{_us()} gate {folder}`.")


@app.command()
def run(config: Config, out: Out, statements: Statements = None) -> None:
    """Run the whole way: ingest, forecast, check, answer, report, record."""
    from cas_audit import steps  # noqa: PLC0415

    steps.run(config, out, statements)
    typer.echo(f"{out / 'report.nl.html'}\n{out / 'report.en.html'}")
    typer.echo(f"Next: `{_us()} gate {out}`.")


@app.command()
def ingest(config: Config, out: Out) -> None:
    """Let in what the contracts admit, refuse the rest, and write receipts."""
    from cas_audit import steps  # noqa: PLC0415

    steps.ingest(config, out)


@app.command()
def forecast(config: Config, out: Out) -> None:
    """Forecast on what was ingested, and seal the dossier."""
    from cas_audit import steps  # noqa: PLC0415

    steps.forecast(config, out)


@app.command()
def check(audit: Folder) -> None:
    """Ask every check of the dossier."""
    from cas_audit import steps  # noqa: PLC0415

    steps.check(audit)


@app.command()
def answer(
    audit: Folder, statements: Statements = None, on: On = None, policy: Policy = None
) -> None:
    """Answer every point of the framework from findings, statements and policy."""
    from cas_audit import steps  # noqa: PLC0415

    steps.answer(audit, statements, on.date() if on else None, policy)


@app.command()
def report(audit: Folder) -> None:
    """Write the report in Dutch and English."""
    from cas_audit import steps  # noqa: PLC0415

    steps.report(audit)


@app.command()
def docs(audit: Folder, out: Out) -> None:
    """Write Data Docs: every expectation, its why and what came of it, in counts."""
    from cas_audit import steps  # noqa: PLC0415

    typer.echo("\n".join(map(str, steps.docs(audit, out))))


@app.command()
def export(
    audit: Folder,
    out: Out,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            help="register, system-card, assessment-card, oscal, model-card, data-sheet, "
            "processing, dpia, json: by default all of these; or week. May be given again.",
        ),
    ] = None,
    language: Language = "nl",
) -> None:
    """Write the audit in the forms that others ask for, or next week's forecast for a map."""
    from cas_audit import steps  # noqa: PLC0415

    typer.echo("\n".join(map(str, steps.export(audit, out, kind, language))))


@app.command()
def mitigate(audit: Folder, out: Out) -> None:
    """Show what flagging groups more evenly would give, and what it would cost."""
    from cas_audit import steps  # noqa: PLC0415

    typer.echo("\n".join(map(str, steps.mitigate(audit, out))))


@app.command()
def record(audit: Folder) -> None:
    """Log an audit in the evidence store (MLflow)."""
    from cas_audit import steps  # noqa: PLC0415

    steps.record(audit)


@app.command()
def gate(
    audit: Folder,
    on: On = None,
    language: Language = "en",
    as_json: Json = False,
    policy: Policy = None,
) -> None:
    """Say whether a model version may pass: exits 0, 1 (blocked) or 2 (undecided)."""
    from cas_audit.assure.gate import judge  # noqa: PLC0415
    from cas_audit.present.blockers import explain_blockers  # noqa: PLC0415

    judgement = judge(audit, on.date() if on else None, policy)
    lines = explain_blockers(audit, judgement, language)
    if as_json:
        points = [{"id": one.id, "status": one.status} for one in judgement.points]
        said = {"code": judgement.code, "points": points, "sentences": lines}
        typer.echo(json.dumps(said, ensure_ascii=False))
    else:
        typer.echo("\n".join([f"{audit}: {GATE[judgement.code]}", *lines]))
    raise typer.Exit(judgement.code)


@app.command()
def verify(audit: Folder, as_json: Json = False) -> None:
    """Say whether any file of an audit changed after it was sealed."""
    from cas_audit.assure.seal import differences  # noqa: PLC0415

    found = differences(audit)
    if as_json:
        typer.echo(json.dumps({"intact": not found, "differences": found}))
    else:
        typer.echo("\n".join(found) or f"{audit}: every file is as it was sealed.")
    raise typer.Exit(1 if found else 0)


@app.command()
def checks(as_json: Json = False) -> None:
    """List the checks of the audit programme."""
    from cas_audit.audit.programme import list_checks  # noqa: PLC0415

    found = list_checks()
    if as_json:
        rows = [
            {"check": c.name, "question": c.question, "thresholds": c.thresholds}
            for c in found.values()
        ]
        typer.echo(json.dumps(rows))
        return
    for check in found.values():
        typer.echo(f"{check.name}\n    {check.question}")


app.add_typer(cli_people.key, name="key")
app.command(name="attest")(cli_people.attest)
app.command(name="compare")(cli_people.compare)
contract = typer.Typer(no_args_is_help=True, help="Contracts: what may come in.")
app.add_typer(contract, name="contract")


@contract.callback()
def contracts() -> None:
    """Contracts: what may come in."""


@contract.command()
def draft(
    source: Annotated[Path, typer.Argument(help="CSV, (Geo)Parquet, GeoJSON, GeoPackage.")],
) -> None:
    """Print a contract drafted from a header, in which every column is still refused."""
    from cas_audit.ingest.draft import draft_contract  # noqa: PLC0415

    typer.echo(draft_contract(source), nl=False)


@app.command()
def changes(
    repository: Annotated[Path, typer.Argument(help="Folder of a git repository.")],
    out: Annotated[Path, typer.Option("--out", help="File to write (CSV).")],
) -> None:
    """Write the history of a repository as a table of changes, in which no name stands."""
    from cas_audit.ingest.repository import write_changes  # noqa: PLC0415

    number = write_changes(repository, out)
    typer.echo(f"{out}: {number} changes. Next: name it under sources.changes.")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    incidents: Annotated[Path, typer.Option("--incidents", help="CSV or Parquet.")],
    areas: Annotated[Path, typer.Option("--areas", help="GeoJSON, GeoPackage, GeoParquet.")],
) -> None:
    """Begin an audit: a configuration and contracts that still refuse every column."""
    from cas_audit.ingest.draft import begin  # noqa: PLC0415

    begin(folder, incidents, areas)
    typer.echo(f"Next: write purposes in {folder}/*.contract.yaml, then fill in config.yaml.")


@app.command()
def schema(name: Annotated[str, typer.Argument(help="Such as config or statement.")]) -> None:
    """Print the published JSON Schema of a kind of file."""
    folder = Path(__file__).parent / "schemas"
    names = sorted(path.name.removesuffix(".schema.json") for path in folder.glob("*.schema.json"))
    if name not in names:
        message = f"schema: unknown name; expected one of {', '.join(names)}."
        raise InputError(message)
    typer.echo((folder / f"{name}.schema.json").read_text(encoding="utf-8"), nl=False)


@app.callback()
def options() -> None:
    """Audit place-based crime forecasting."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit; every failure of input or of ours exits 3."""
    processes.allow()
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = app(arguments, standalone_mode=False)
    except CasAuditError as error:
        return _fail(str(error))
    except TyperException as error:
        return _fail(f"{error.format_message()} See `cas-audit --help`.")
    except (typer.Abort, KeyboardInterrupt):
        return _fail("Stopped.")
    except OSError as error:
        return _fail(f"{error.filename or 'A file'}: {error.strerror or type(error).__name__}.")
    except Exception as error:  # noqa: BLE001 - the text of an unknown error could quote the data
        return _fail(f"Our own failure: {type(error).__name__}{_place(error)}.")
    return code if isinstance(code, int) else 0


def _us() -> str:
    """Return how we were called, so that what we advise can be typed."""
    return sys.argv[0] if Path(sys.argv[0]).name == "cas-audit" else "cas-audit"


def _place(error: Exception) -> str:
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return f" in {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""


def _fail(message: str) -> int:
    typer.echo(f"cas-audit: {shown(message)}", err=True)
    return 3
