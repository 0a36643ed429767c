"""The command line; the only place that exits.

Exit codes: 0 done, 1 refused by evidence, 3 unreadable input, wrong usage or our own failure.
Heavy modules are loaded inside the commands that need them, so that `--help` is quick.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import click
import typer

from cas_audit.errors import CasAuditError

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Audit place-based crime forecasting.",
    pretty_exceptions_enable=False,
)
Folder = Annotated[Path, typer.Argument(help="An audit folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


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


@app.callback()
def options() -> None:
    """Audit place-based crime forecasting."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit; every failure of input or of ours exits 3."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = app(arguments, standalone_mode=False)
    except CasAuditError as error:
        return _fail(str(error))
    except click.ClickException as error:
        return _fail(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return _fail("Stopped.")
    except Exception as error:  # noqa: BLE001 - the text of an unknown error could quote the data
        return _fail(f"Our own failure: {type(error).__name__}{_place(error)}.")
    return code if isinstance(code, int) else 0


def _place(error: Exception) -> str:
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return f" in {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""


def _fail(message: str) -> int:
    typer.echo(f"cas-audit: {message}", err=True)
    return 3
