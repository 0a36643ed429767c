"""Commands for people: keys to sign with, and statements."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cas_audit.errors import InputError

__all__ = ["attest", "compare", "key"]

KeyFile = Annotated[Path, typer.Argument(help="File of the key (PEM).")]
Day = typer.Option(formats=["%Y-%m-%d"], help="By default today, by the clock.")

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


@key.command(name="revoke")
def revoke_key(
    path: Annotated[str, typer.Argument(help="The key: its file (PEM), or its id.")],
    policy: Annotated[Path, typer.Option("--policy", help="The policy that binds it (YAML).")],
    reason: Annotated[str, typer.Option("--reason", help="Why it counts no more.")],
    on: Annotated[datetime | None, Day] = None,
) -> None:
    """Revoke a key: nothing that it ever signed counts under this policy any more."""
    from cas_audit.assure.keys import read_public  # noqa: PLC0415
    from cas_audit.assure.revoking import revoke_key as revoke  # noqa: PLC0415

    found = read_public(Path(path)).id if Path(path).exists() else path
    revoke(policy, found, reason, _day(on))
    typer.echo(f"{found} is revoked in {policy}. Next: `cas-audit answer AUDIT --policy {policy}`.")


def attest(
    audit: Annotated[Path, typer.Argument(help="An audit folder.")],
    *,
    key: Annotated[Path, typer.Option("--key", help="The key to sign with (PEM).")],
    point: Annotated[str | None, typer.Option("--point", help="Such as 1.01.a.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Who states it.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="In which role.")] = None,
    claim: Annotated[str | None, typer.Option("--claim", help="In their own words.")] = None,
    denies: Annotated[bool, typer.Option("--denies", help="State that it is not so.")] = False,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="How long it holds.")
    ] = None,
    document: Annotated[Path | None, typer.Option("--document", help="To attach.")] = None,
    risk: Annotated[
        Literal["small", "medium", "large"] | None, typer.Option(help="The risk that remains.")
    ] = None,
    treatment: Annotated[str | None, typer.Option(help="What is done about that risk.")] = None,
    review: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When the risk is reviewed.")
    ] = None,
    accept: Annotated[
        Path | None, typer.Option("--accept", help="Sign this unsigned draft instead.")
    ] = None,
    revoke: Annotated[
        str | None, typer.Option("--revoke", help="Take back the statement of this id instead.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it is taken back.")] = None,
    on: Annotated[datetime | None, Day] = None,
) -> None:
    """State something as a person, with a key; what the audit said before is kept."""
    from cas_audit import steps  # noqa: PLC0415
    from cas_audit.assure import attest as engine  # noqa: PLC0415 - loads pandas
    from cas_audit.assure.keys import read_private  # noqa: PLC0415

    signer, day = read_private(key), _day(on)
    if accept:
        added = steps.revise(audit, lambda work: engine.accept(work, accept, signer, day, document))
    elif revoke:
        why = _needed("--reason", reason)
        added = steps.revise(audit, lambda work: engine.revoke(work, revoke, why, signer, day))
    else:
        wish = engine.Wish(
            asked=_needed("--point", point),
            name=_needed("--name", name),
            role=_needed("--role", role),
            claim=claim,
            on=day,
            holds=not denies,
            valid_until=until and until.date(),
            document=document,
            risk=_risk(risk, treatment, review),
        )
        added = steps.revise(audit, lambda work: engine.attest(work, wish, signer))
    typer.echo(f"{added}\nNext: `cas-audit gate {audit}`.")


def compare(
    old: Annotated[Path, typer.Argument(help="The earlier audit.")],
    new: Annotated[Path, typer.Argument(help="The later audit.")],
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="By default the day of the later answers."),
    ] = None,
    language: Annotated[Literal["nl", "en"], typer.Option("--language")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Say what got worse since an earlier audit, what expires soon, and who must act."""
    from cas_audit.assure.compare import compare as hold  # noqa: PLC0415 - loads pandas
    from cas_audit.present.compared import explain_comparison  # noqa: PLC0415

    found = hold(old, new, on.date() if on else None)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json", by_alias=True), ensure_ascii=False))
    else:
        typer.echo("\n".join(explain_comparison(old, new, found, language)))


def _risk(
    level: str | None, treatment: str | None, review: datetime | None
) -> dict[str, object] | None:
    if level is None:
        return None
    return {"level": level, "treatment": treatment, "review": review and review.date()}


def _needed(option: str, value: str | None) -> str:
    if value is None:
        message = f"attest: {option} is missing."
        raise InputError(message)
    return value


def _day(on: datetime | None) -> date:
    return on.date() if on else date.today()  # noqa: DTZ011 - the day where the person is
