"""The history of a repository as a table of changes: who is told apart, and never told."""

import csv
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cas_audit.cli import main
from cas_audit.config import Source
from cas_audit.errors import InputError
from cas_audit.ingest.contract import load_contract
from cas_audit.ingest.repository import COLUMNS, write_changes
from cas_audit.ingest.sources import read_table
from tests.test_sources import GROUND, QUESTION

DAY = "2025-12-01T12:00:00+01:00"
REVIEWED = "Reviewed-by: Bo <bo@example.org>"


def git(folder: Path, *asked: str, author: str = "an", committer: str = "") -> None:
    """Ask git something as somebody."""
    people = {"AUTHOR": author, "COMMITTER": committer or author}
    known = {f"GIT_{role}_NAME": name for role, name in people.items()}
    known |= {f"GIT_{role}_EMAIL": f"{name}@example.org" for role, name in people.items()}
    known |= {f"GIT_{role}_DATE": DAY for role in people}
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    asked = ("git", "-C", str(folder), *asked)
    subprocess.run(asked, check=True, capture_output=True, env={**os.environ, **known, **plain})


def commit(folder: Path, *trailers: str, author: str = "an", committer: str = "") -> None:
    """Commit nothing, with trailers."""
    told = "\n".join(trailers)
    message = ("commit", "--allow-empty", "-m", "Change something", "-m", told)
    git(folder, *message, author=author, committer=committer)


def read(path: Path) -> list[list[str]]:
    """Return the rows of a table without its head."""
    with path.open(encoding="utf-8") as stream:
        return list(csv.reader(stream))[1:]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository of four changes, one tag that is annotated and one that is not."""
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    commit(folder, REVIEWED, "Tested-by: CI <ci@example.org>")
    commit(folder, "Reviewed-by: An <AN@example.org>")
    git(folder, "tag", "-a", "cas-example", "-m", "first", author="cas")
    commit(folder, author="bo", committer="an")
    git(folder, "tag", "of-example")
    commit(folder)
    return folder


@pytest.fixture
def rows(repository: Path, tmp_path: Path) -> Iterator[list[dict[str, str]]]:
    """Return the changes, oldest first."""
    write_changes(repository, tmp_path / "changes.csv")
    with (tmp_path / "changes.csv").open(encoding="utf-8") as stream:
        yield list(csv.DictReader(stream))[::-1]


def test_people_are_told_apart(rows: list[dict[str, str]]) -> None:
    """By a reviewer in a trailer, or by who committed what another wrote; case makes no other."""
    authors = [one["auteur"] for one in rows]
    reviewers = [one["beoordelaar"] for one in rows]
    an, bo = authors[0], authors[2]

    assert list(COLUMNS) == list(rows[0])
    assert [an, an, bo, an] == authors
    assert [bo, an, an, ""] == reviewers
    assert rows[0]["vrijgever"] not in {an, bo, ""}


def test_who_merges_what_another_wrote_has_seen_it(tmp_path: Path) -> None:
    """Who merges their own has not, nor who merges the main line into a branch of their own."""
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, REVIEWED)
    git(tmp_path, "checkout", "-q", "-b", "side")
    git(tmp_path, "checkout", "-q", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "side")
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "Merge", "main", author="bo")
    git(tmp_path, "checkout", "-q", "main")
    for branch, author in (("one", "bo"), ("two", "an")):
        git(tmp_path, "checkout", "-q", "-b", branch)
        commit(tmp_path, author=author)
        git(tmp_path, "checkout", "-q", "main")
        git(tmp_path, "merge", "-q", "--no-ff", "-m", "Merge", branch, author="an")
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "Merge", "side", author="an")
    write_changes(tmp_path, tmp_path / "changes.csv")
    with (tmp_path / "changes.csv").open(encoding="utf-8") as stream:
        found = [(one["auteur"], one["beoordelaar"]) for one in csv.DictReader(stream)]
    [an] = {author for author, reviewer in found if not reviewer}
    [bo] = {author for author, _ in found} - {an}

    assert sorted([(an, bo), (bo, an), (an, ""), (an, "")]) == sorted(found)


def test_versions_and_tests_are_those_of_tags_and_trailers(rows: list[dict[str, str]]) -> None:
    """The oldest tag that holds a change, by number; who made a plain tag is not known."""
    assert ["v1", "v1", "v2", ""] == [one["versie"] for one in rows]
    assert ["geslaagd", "", "", ""] == [one["tests"] for one in rows]
    assert ["", ""] == [one["vrijgever"] for one in rows[2:]]
    assert {"2025-12-01"} == {one["besloten_op"] for one in rows}


def test_no_name_stands_in_the_file(repository: Path, tmp_path: Path) -> None:
    """Nor a hash that could be looked up: the next table has others."""
    texts = []
    for name in ("a.csv", "b.csv"):
        write_changes(repository, tmp_path / name)
        texts.append((tmp_path / name).read_text())

    assert not any(name in texts[0] for name in ("example", "an,", "bo,", "Change"))
    assert texts[0] != texts[1]


def test_the_table_fits_its_contract(repository: Path, tmp_path: Path) -> None:
    """The gate counts what the command wrote."""
    path = tmp_path / "changes.csv"
    write_changes(repository, path)
    source = Source(path=str(path), contract="changes")
    found = read_table(source, load_contract("changes"), QUESTION, GROUND)
    told = found.table.groupby("kind")["count"].sum().to_dict()

    assert 4 == told["changes"]
    assert 1 == told["by_author"]
    assert 1 == told["without_reviewer"]
    assert 0 == told["versions_by_author"]


def test_the_mailmap_holds_for_trailers_and_tags(tmp_path: Path) -> None:
    """Who reviews or releases what they wrote from another address is still one person."""
    git(tmp_path, "init", "-q")
    (tmp_path / ".mailmap").write_text("An <an@example.org> <other@example.org>\n")
    commit(tmp_path, "Reviewed-by: An <other@example.org>")
    git(tmp_path, "tag", "-a", "one", "-m", "first", author="other")
    write_changes(tmp_path, tmp_path / "changes.csv")
    [[author, reviewer, approver, *_]] = read(tmp_path / "changes.csv")

    assert [author, author] == [reviewer, approver]


@pytest.mark.parametrize("name", ["Bo", "n.v.t.", "<>", "Bo <bo>"])
def test_a_trailer_without_an_address_is_nobody(tmp_path: Path, name: str) -> None:
    """A word that anybody can write names no reviewer."""
    git(tmp_path, "init", "-q")
    commit(tmp_path, f"Reviewed-by: {name}")
    write_changes(tmp_path, tmp_path / "changes.csv")
    [[_, reviewer, *_]] = read(tmp_path / "changes.csv")

    assert "" == reviewer


def test_what_is_no_repository_is_said(tmp_path: Path) -> None:
    """With the path, and without a word of git's."""
    with pytest.raises(InputError, match="cannot be read by git"):
        write_changes(tmp_path, tmp_path / "changes.csv")
    assert not (tmp_path / "changes.csv").exists()


def test_a_file_is_not_overwritten(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says what it wrote, once."""
    path = str(tmp_path / "changes.csv")
    codes = []
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["changes", str(repository), "--out", path])
        codes.append(ended.value.code)

    assert [0, 3] == codes
    assert "4 changes" in capsys.readouterr().out
