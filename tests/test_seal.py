"""The seal: every changed, missing or added file is named."""

from pathlib import Path

import pytest

from cas_audit.assure.seal import differences, seal_audit
from cas_audit.errors import EvidenceError


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """Seal a folder with two files."""
    (tmp_path / "dossier").mkdir()
    (tmp_path / "dossier/a.bin").write_bytes(bytes(range(64)))
    (tmp_path / "findings.json").write_text("{}")
    seal_audit(tmp_path)
    return tmp_path


@pytest.mark.parametrize("place", range(64))
def test_any_changed_byte_is_noticed(audit: Path, place: int) -> None:
    """One bit of one byte is enough, and the file is named."""
    path = audit / "dossier/a.bin"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))

    assert ["dossier/a.bin was changed after sealing."] == differences(audit)


def test_missing_and_added_files_are_named(audit: Path) -> None:
    """The seal covers what is there and what is not."""
    (audit / "findings.json").rename(audit / "other.json")

    assert ["findings.json is missing.", "other.json was added after sealing."] == differences(
        audit
    )


def test_clock_times_stand_outside_the_seal(audit: Path) -> None:
    """A new `run.json` changes nothing."""
    (audit / "run.json").write_text("{}")

    assert [] == differences(audit)


@pytest.mark.parametrize("seal", [None, "[]", '{"schema": 2, "files": {}}'])
def test_a_folder_without_readable_seal_is_refused(tmp_path: Path, seal: str | None) -> None:
    """No seal is no success."""
    if seal:
        (tmp_path / "audit.json").write_text(seal)

    with pytest.raises(EvidenceError, match=r"audit\.json"):
        differences(tmp_path)
