"""The history of a git repository as a table of changes, in which no name stands.

Names and addresses become keyed hashes; the key is drawn anew each time and kept nowhere, so the
same person has the same hash within one table and another one in the next. A version is a number:
the text of a tag can hold a name.
"""

import csv
import hashlib
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from cas_audit.errors import InputError

__all__ = ["COLUMNS", "write_changes"]

COLUMNS = ("auteur", "beoordelaar", "vrijgever", "besloten_op", "tests", "versie")
FIELD, VALUE, RECORD = "\x1f", "\x1e", "\x1d"
TRAILER = "%(trailers:key={},valueonly,separator=%x1e)"
PRETTY = "%x1f".join(
    ["%H", "%aE", "%cE", "%cs", *(TRAILER.format(one) for one in ("Reviewed-by", "Tested-by"))]
)
TAGS = "%(*objectname)%(objectname)%1f%(taggername) %(taggeremail)"
BRACKETED = re.compile(r"<\s*([^\s<>]+@[^\s<>]+)\s*>")
BARE = re.compile(r"[^\s<>()]+@[^\s<>(),;]+")
LOG = ("log", "--use-mailmap", "--no-show-signature")  # that could run a program
COMMIT = 40  # hexadecimal digits of a name in the older of git's two formats
MACHINES = {"noreply@github.com", "noreply@gitlab.com"}  # commit on behalf of whoever pressed


class _Tag(NamedTuple):
    version: str
    commit: str
    tagger: str


class _Known(NamedTuple):
    tags: dict[str, _Tag]
    mergers: dict[str, str]
    addresses: dict[str, str]


def write_changes(repository: Path, out: Path) -> int:
    """Write the changes up to the present commit as CSV for the contract `changes`.

    A change is a commit that merges nothing. Its reviewer is the first in a trailer `Reviewed-by`
    who is not its author, or else who merged it, or else who committed what somebody else wrote.
    A trailer without an address is nobody; the mailmap tells which addresses are of one person.
    Tests passed where a trailer `Tested-by` says so. Its version is the oldest tag that holds it,
    by its number in order of time, released by who signed or annotated that tag.

    Returns:
        How many changes were written.

    Raises:
        InputError: the folder is no repository that git can read, or `out` is there already.
    """
    if out.exists():
        message = f"{out} exists; expected a new file."
        raise InputError(message)
    asked = _git(repository, *LOG, "--no-merges", f"--pretty=format:{PRETTY}%x1d").split(RECORD)
    records = [record.strip("\n").split(FIELD) for record in asked if record.strip()]
    addresses = _addresses(
        repository, (_contact(one) for record in records for one in _said(record))
    )
    hide, known = _hider(), _Known(_tags(repository), _mergers(repository), addresses)
    rows = [_row(record, known, hide) for record in records]
    with out.open("w", encoding="utf-8", newline="") as stream:
        written = csv.writer(stream)
        written.writerow(COLUMNS)
        written.writerows(rows)
    return len(rows)


def _said(record: list[str]) -> list[str]:
    """Return who a record's trailers say reviewed it."""
    return record[4].split(VALUE)


def _row(record: list[str], known: _Known, hide: Callable[[str], str]) -> list[str]:
    commit, author, committer, day, _, tested = record
    told = (known.addresses[_contact(one)] for one in _said(record))
    named = [one for one in told if one]
    took = [one for one in (known.mergers.get(commit, ""), committer) if one not in MACHINES]
    others = [one for one in [*named, *took] if one and one.casefold() != author.casefold()]
    reviewer = (others or named or [""])[0]
    tag = known.tags.get(commit, _Tag("", "", ""))
    passed = "geslaagd" if tested.strip() else ""
    return [hide(author), hide(reviewer), hide(tag.tagger), day, passed, tag.version]


def _tags(repository: Path) -> dict[str, _Tag]:
    """Return for each commit the oldest tag that holds it."""
    asked = _git(repository, "for-each-ref", "refs/tags", "--sort=creatordate", f"--format={TAGS}")
    lines = [line.split(FIELD, 1) for line in asked.split("\n") if line]
    taggers = [" ".join(tagger.split()) for _, tagger in lines]
    addresses = _addresses(repository, taggers)
    found: dict[str, _Tag] = {}
    for at, ((objects, _), tagger) in enumerate(zip(lines, taggers, strict=True), start=1):
        tag = _Tag(f"v{at}", objects[:COMMIT], addresses[tagger])
        for commit in _git(repository, "rev-list", tag.commit).split():
            found.setdefault(commit, tag)
    return found


def _mergers(repository: Path) -> dict[str, str]:
    """Return for each commit that was merged into the main line who merged it.

    Who merges the main line into their own branch has accepted nothing of it.
    """
    asked = _git(repository, *LOG, "--merges", "--first-parent", "--pretty=%H%x1f%aE")
    found: dict[str, str] = {}
    for line in asked.splitlines():
        merge, merger = line.split(FIELD)
        for commit in _git(repository, "rev-list", f"{merge}^1..{merge}").split():
            found.setdefault(commit, merger)
    return found


def _contact(text: str) -> str:
    """Return the name and address that a trailer holds, blank where it holds no address."""
    found = BRACKETED.search(text) or BARE.search(text)
    if not found:
        return ""
    name = " ".join(re.sub(r"[<>]", " ", text[: found.start()]).split())
    return f"{name} <{found.group(found.lastindex or 0)}>".strip()


def _addresses(repository: Path, contacts: Iterable[str]) -> dict[str, str]:
    """Return for each contact the address by which the mailmap knows them."""
    plain = set(contacts)
    asked = sorted(plain - {""})
    told = _git(repository, "check-mailmap", "--stdin", told="\n".join(asked)) if asked else ""
    found = [line.rpartition("<")[2].rstrip(">") for line in told.split("\n") if line]
    return {"": "", **dict(zip(asked, found, strict=True))}


def _hider() -> Callable[[str], str]:
    key = secrets.token_bytes(32)

    def hide(name: str) -> str:
        plain = name.strip().casefold().encode()
        return hashlib.blake2b(plain, key=key, digest_size=8).hexdigest() if plain else ""

    return hide


def _git(repository: Path, *asked: str, told: str = "") -> str:
    """Ask git something it knows by heart: no network, no pager, no configuration of others."""
    git = shutil.which("git")
    if git is None:
        message = "git is not installed; expected it for reading a repository."
        raise InputError(message)
    done = subprocess.run(  # noqa: S603 - a fixed list of arguments
        [git, "--no-pager", "-c", "core.fsmonitor=false", "-C", str(repository), *asked],
        capture_output=True,
        input=told.encode(),
        check=False,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"},
    )
    if done.returncode:
        message = f"{repository} cannot be read by git; expected a repository with a commit."
        raise InputError(message)
    return done.stdout.decode(errors="replace")
