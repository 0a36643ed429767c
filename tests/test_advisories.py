"""Advisories: read from a file, stripped, and held against versions as the OSV format says."""

from pathlib import Path
from typing import Any

import pytest

from cas_audit.audit.advisories import is_affected
from cas_audit.errors import InputError
from cas_audit.files import write_json
from cas_audit.ingest.advisories import environment, read_advisories

CANARY = "KANARIE"
ADVISORY: dict[str, Any] = {
    "id": "PYSEC-1",
    "modified": "2025-12-20T10:00:00Z",
    "details": CANARY,
    "credits": [{"name": CANARY}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Some_Package"},
            "versions": ["1.0"],
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]},
                {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "abc"}]},
            ],
        },
        {"package": {"ecosystem": "npm", "name": "some-package"}},
    ],
}
EVENTS = {
    "fixed": [{"introduced": "1.0"}, {"fixed": "1.4"}, {"introduced": "2.0"}, {"fixed": "2.2"}],
    "last": [{"introduced": "1.0"}, {"last_affected": "1.4"}],
    "open": [{"fixed": "1.4"}, {"introduced": "1.4"}],
}


def read(folder: Path, content: Any, **packages: str) -> dict[str, Any]:
    """Write a file and read it again."""
    write_json(folder / "a.json", content)
    return read_advisories(folder / "a.json", packages)


@pytest.mark.parametrize(
    ("events", "version", "affected"),
    [
        ("fixed", "0.9", False),
        ("fixed", "1.0", True),
        ("fixed", "1.4rc1", True),
        ("fixed", "1.4", False),
        ("fixed", "1.10", False),
        ("fixed", "2.1.post1", True),
        ("fixed", "3", False),
        ("last", "1.4", True),
        ("last", "1.4.1", False),
        ("open", "1.5", True),
        ("fixed", "no version", None),
    ],
)
def test_a_range_says_which_versions(events: str, version: str, affected: bool | None) -> None:
    """In the order of versions, whatever the order of events; as numbers, not as text."""
    advisory = {"versions": [], "ranges": [EVENTS[events][::-1]]}

    assert affected is is_affected(version, advisory)


def test_only_what_says_which_versions_is_kept(tmp_path: Path) -> None:
    """No text and no name of a person; of this ecosystem, of these packages."""
    other = {**ADVISORY, "affected": [{"package": {"ecosystem": "PyPI", "name": "other"}}]}
    taken = {**ADVISORY, "withdrawn": "2025-12-21T00:00:00Z"}
    found = read(tmp_path, [ADVISORY, other, taken], **{"some-package": "1.0"})
    [one] = found["advisories"]

    assert CANARY not in str(found)
    assert ("PYSEC-1", "some-package", ["1.0"], 1) == (
        one["id"], one["package"], one["versions"], len(one["ranges"]),
    )  # fmt: skip
    assert (3, "2025-12-20") == (found["records"], found["newest"])


def test_the_day_of_fetching_counts_where_it_is_newer(tmp_path: Path) -> None:
    """A file in which nothing changed of late is not old when it was fetched today."""
    told = {"retrieved_on": "2026-01-02", "vulns": [ADVISORY]}

    assert "2026-01-02" == read(tmp_path, told)["newest"]
    assert read(tmp_path, {"vulns": []})["newest"] is None


@pytest.mark.parametrize("content", [[{"id": CANARY}], {"vulns": 3}, [CANARY], "x", 3])
def test_another_file_is_refused_without_repeating_it(tmp_path: Path, content: Any) -> None:
    """In one sentence, with the path."""
    with pytest.raises(InputError, match=r"a\.json holds no advisories") as error:
        read(tmp_path, content)
    assert CANARY not in str(error.value)


def test_the_environment_holds_what_is_needed_in_turn() -> None:
    """Not only what is asked for by name, and no package that is not there."""
    found = environment(["pandas", "no-such-package"])

    assert {"pandas", "numpy", "python-dateutil", "six"} <= set(found)
    assert "no-such-package" not in found
