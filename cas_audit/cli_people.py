"""Commands for people: keys to sign with."""

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["key"]

KeyFile = Annotated[Path, typer.Argument(help="File of the key (PEM).")]

key = typer.Typer(no_args_is_help=True, help="Keys: who somebody is.")


@key.callback()
def keys() -> None:
    """Keys: who somebody is."""


@key.command()
def new(path: KeyFile) -> None:
    """Make a key: the file is for its owner alone, FILE.pub is for everyone."""
    from cas_audit.assure.keys import new_key  # noqa: PLC0415

    made = new_key()
    made.write(path)
    typer.echo(f"{made.public.id}\nNext: `cas-audit key show {path}`, for the policy.")


@key.command()
def show(
    path: KeyFile, as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False
) -> None:
    """Print the public key as a policy holds it, and its id."""
    from cas_audit.assure.keys import read_public  # noqa: PLC0415

    public = read_public(path)
    if as_json:
        typer.echo(json.dumps({"id": public.id, "key": public.text}))
    else:
        typer.echo(f"id: {public.id}\nkey: {public.text}")
