"""The command line: exit codes are a contract, and help loads nothing heavy."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cas_audit import cli
from cas_audit.assure.seal import seal_audit

HEAVY = ("great_expectations", "mlflow", "sklearn", "geopandas", "fairlearn", "pandas", "scipy")


def run(*arguments: str) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as exit_:
        cli.main(list(arguments))
    code = exit_.value.code
    assert isinstance(code, int)
    return code


def test_an_intact_audit_exits_0_and_a_changed_one_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The changed file is named."""
    (tmp_path / "findings.json").write_text("{}")
    seal_audit(tmp_path)
    before = run("verify", str(tmp_path))
    (tmp_path / "findings.json").write_text("[]")
    after = run("verify", str(tmp_path), "--json")

    assert (0, 1) == (before, after)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert ["findings.json was changed after sealing."] == found["differences"]


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["nonsense"], ["verify"], ["verify", "/nowhere/at/all"]]
)
def test_wrong_usage_and_unreadable_input_exit_3(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Never 1 or 2, which are verdicts; and not called a failure of ours."""
    code = run(*arguments)
    said = capsys.readouterr().err

    assert 3 == code
    assert said.startswith("cas-audit: ")
    assert "Our own failure" not in said


def test_a_folder_that_cannot_be_written_exits_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the system says of a path is said on; it is no failure of ours."""
    (tmp_path / "file").write_text("")
    code = run("ingest", "config.yaml", "--out", str(tmp_path / "file/audit"))
    said = capsys.readouterr().err

    assert (3, True) == (code, "file" in said)
    assert "Our own failure" not in said


def test_a_crash_of_ours_exits_3_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The kind and the place are said; the text, which could quote the data, is not."""

    def crash(_: Path) -> None:
        kept = "J. Jansen"
        raise RuntimeError(kept)

    monkeypatch.setattr("cas_audit.assure.seal.differences", crash)
    code = run("verify", str(tmp_path))
    said = capsys.readouterr().err

    assert 3 == code
    assert "RuntimeError in test_cli.py" in said
    assert "Jansen" not in said


def test_checks_are_listed_with_their_question(capsys: pytest.CaptureFixture[str]) -> None:
    """The list is that of the programme."""
    code = run("checks", "--json")
    names = [row["check"] for row in json.loads(capsys.readouterr().out)]

    assert (0, True) == (code, "model/even_exposure" in names)


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "."]])
def test_light_commands_load_nothing_heavy(
    loaded: Callable[[list[str], tuple[str, ...]], str], arguments: list[str]
) -> None:
    """Help and verify open none of the heavy doors: judged by modules, not by the clock."""
    assert loaded(arguments, HEAVY) == "[]"


@pytest.mark.parametrize("command", ["demo", "replay"])
def test_a_seed_that_cannot_be_is_named(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a city is drawn for it; it is no failure of ours."""
    code = run(command, "--seed", "-1", "--out", str(tmp_path / "out"))
    said = capsys.readouterr().err

    assert 3 == code
    assert "--seed" in said
    assert "Our own failure" not in said
