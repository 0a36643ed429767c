"""Small files: same content, same bytes; nothing foreign is replaced, nothing half-written."""

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from cas_audit.errors import EvidenceError, InputError
from cas_audit.files import digest, read_json, read_yaml, staged, tree, write_json, write_yaml


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
        write_json(work / "audit.json", {"schema": 1, "files": {}})
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


@pytest.mark.parametrize("name", ["feed", "dossier", "audit.json", "demo.json"])
def test_a_folder_that_only_looks_like_ours_is_not_replaced(tmp_path: Path, name: str) -> None:
    """A name of ours is no mark of ours; and what else stands there is not ours to remove."""
    out = tmp_path / "mine"
    (out / name).mkdir(parents=True) if "." not in name else out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    if name == "audit.json":
        write_json(out / name, {"schema": 1, "files": {}})
    if name == "demo.json":
        write_json(out / name, {"seed": 1})

    with pytest.raises(EvidenceError, match="was not written by"), staged(out):
        pass
    assert (out / "thesis.txt").exists()


def test_a_swap_that_fails_puts_back_what_stood_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two renames fails; the first is undone."""
    out = tmp_path / "audit"
    with staged(out) as work:
        write_json(work / "audit.json", {"schema": 1, "files": {}})
    plain = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if target == out and self.name.startswith(".audit-") and "-old-" not in str(self):
            message = "disk full"
            raise OSError(message)
        return plain(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="disk full"), staged(out) as work:
        write_json(work / "audit.json", {"schema": 1, "files": {"a": "b"}})

    assert {"schema": 1, "files": {}} == read_json(out / "audit.json")
    assert ["audit"] == [path.name for path in tmp_path.iterdir()]


def test_a_day_that_does_not_exist_is_an_input_error(tmp_path: Path) -> None:
    """YAML reads it as a date and fails; the file is named."""
    (tmp_path / "c.yaml").write_text("reference_date: 2026-02-30\n")

    with pytest.raises(InputError, match=r"c\.yaml cannot be read"):
        read_yaml(tmp_path / "c.yaml")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{former}'] * 9)}]\n"
    for former, name in zip("abcdefghi", "bcdefghij", strict=True)
)
UNREADABLE = {
    "billion laughs": BOMB,
    "one alias": "a: &a {b: c}\nd: *a\n",
    "an alias of itself": "a: &a [*a]\n",
    "a merge": "a: &a {b: c}\nd: {<<: *a}\n",
    "deep": "[" * 100_000,
    "deep and closed": "[" * 500 + "]" * 500,
    "a tag that runs code": "a: !!python/object/apply:os.system [exit 1]\n",
    "a tag that does not fit": "a: !!timestamp x\n",
    "an unknown tag": "a: !geheim x\n",
    "a key twice": "a: 1\n'a': 2\n",
    "a key twice, inside": "a: {b: 1, b: 2}\n",
    "a list as key": "? [a]\n: b\n",
    "an endless number": f"a: {'9' * 10_000}\n",
    "too large": "a: b\n" + "# \n" * 100_000,
    "a zero byte": "a: b\0\n",
}


@pytest.mark.parametrize("how", UNREADABLE)
def test_yaml_that_spoils_is_refused_fast(tmp_path: Path, how: str) -> None:
    """One sentence with the path and the kind of fault, before memory or time is spent."""
    path = tmp_path / "a.yaml"
    path.write_text(UNREADABLE[how])
    began = time.monotonic()
    with pytest.raises(InputError, match=r"a\.yaml (cannot be read|holds more)") as error:
        read_yaml(path)

    assert "geheim" not in str(error.value)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_only_plain_files_are_read(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """A folder or a pipe in place of a file is named, and not waited for."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(InputError, match=f"{name} is no plain file"):
            read(tmp_path / name)


def test_what_stands_twice_is_written_in_full(tmp_path: Path) -> None:
    """We read no aliases, so we write none."""
    day = date(2026, 1, 5)
    write_yaml(tmp_path / "a.yaml", {"a": day, "b": day})

    assert {"a": day, "b": day} == read_yaml(tmp_path / "a.yaml")
