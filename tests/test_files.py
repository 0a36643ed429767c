"""Small files: same content, same bytes; nothing foreign is replaced, nothing half-written."""

from pathlib import Path

import pytest

from cas_audit.errors import EvidenceError, InputError
from cas_audit.files import digest, read_json, read_yaml, staged, tree, write_json


def test_same_content_gives_same_bytes(tmp_path: Path) -> None:
    """The order in which keys were put in does not show in the file."""
    write_json(tmp_path / "a.json", {"b": 1, "a": 2})
    write_json(tmp_path / "b.json", {"a": 2, "b": 1})

    assert digest(tmp_path / "a.json") == digest(tmp_path / "b.json")


def test_nan_is_refused(tmp_path: Path) -> None:
    """Undefined is null: a NaN never reaches a file."""
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})


def test_a_failed_step_leaves_nothing(tmp_path: Path) -> None:
    """When the work fails, neither the result nor the working folder remains."""
    with pytest.raises(InputError), staged(tmp_path / "out") as work:
        (work / "half").write_text("half")
        raise InputError

    assert list(tmp_path.iterdir()) == []


def test_a_failed_step_keeps_the_former_result(tmp_path: Path) -> None:
    """What stood there before a failed step still stands there."""
    with staged(tmp_path / "out") as work:
        write_json(work / "audit.json", {})
    with pytest.raises(InputError), staged(tmp_path / "out") as work:
        raise InputError

    assert tree(tmp_path / "out") == ["audit.json"]


def test_a_foreign_folder_is_not_replaced(tmp_path: Path) -> None:
    """A folder that we did not write is refused by name and left as it was."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(EvidenceError, match="not written by cas-audit"), staged(tmp_path / "out"):
        pass

    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"


def test_a_symbolic_link_is_no_evidence(tmp_path: Path) -> None:
    """A link could lead outside the folder, so it is refused."""
    (tmp_path / "link").symlink_to("/etc/hostname")

    with pytest.raises(EvidenceError, match="symbolic link"):
        tree(tmp_path)


@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_a_parse_error_names_the_line_and_no_value(tmp_path: Path, read: object) -> None:
    """The message holds file and line, never what stood there."""
    path = tmp_path / "broken"
    path.write_text('{"a": 1,\n "bsn": 999990019: }\n')

    with pytest.raises(InputError, match=r"broken .*line 2") as caught:
        read(path)  # type: ignore[operator]
    assert "999990019" not in str(caught.value)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """One of the two would go unseen; the line is named."""
    path = tmp_path / "twice.yaml"
    path.write_text("a: 1\nb: 2\na: 3\n")

    with pytest.raises(InputError, match="line 3"):
        read_yaml(path)
