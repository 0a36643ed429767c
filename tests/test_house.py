"""The house: imports run down, heavy libraries have their doors, the documents are true."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the engine with its rules, that a test may spoil."""
    shutil.copytree(HOME / "cas_audit", tmp_path / "cas_audit")
    shutil.copyfile(HOME / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def call(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of the environment in a folder."""
    program = [str(BIN / command[0]), *command[1:]]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)


def test_an_upward_import_is_refused(copy: Path) -> None:
    """import-linter fails, as `make check` runs it, and names the layer."""
    module = copy / "cas_audit/ingest/grid.py"
    plain = call(copy, "lint-imports")
    module.write_text("import cas_audit.assure.gate\n" + module.read_text())
    spoiled = call(copy, "lint-imports")

    assert (0, 1) == (plain.returncode, spoiled.returncode), plain.stdout
    assert "cas_audit.ingest is not allowed to import cas_audit.assure" in spoiled.stdout


@pytest.mark.parametrize("name", ["mlflow", "fairlearn", "great_expectations", "pickle"])
def test_a_heavy_library_has_one_door(copy: Path, name: str) -> None:
    """Ruff refuses the import anywhere else."""
    (copy / "cas_audit/forecast/sly.py").write_text(f'"""Sly."""\n\nimport {name}\n')
    found = call(copy, "ruff", "check", "--select", "TID251", "cas_audit/forecast/sly.py")

    assert found.returncode == 1
    assert "TID251" in found.stdout


def test_every_command_of_the_readme_exists() -> None:
    """`make …` and `cas-audit …` in the README and docs are real."""
    makefile = (HOME / "Makefile").read_text()
    cli = (HOME / "cas_audit/cli.py").read_text()
    pages = [HOME / "README.md", HOME / "CONTRIBUTING.md", *sorted((HOME / "docs").rglob("*.md"))]
    blocks = [re.findall(r"```\n(.*?)```", page.read_text(), re.DOTALL) for page in pages]
    text = "\n".join(block for found in blocks for block in found)
    targets = set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE))
    commands = set(re.findall(r"^cas-audit ([a-z]+)", text, re.MULTILINE))

    assert {"demo", "test"} <= targets
    assert [] == [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)]
    assert commands
    known = re.findall(r"\ndef ([a-z]+)\(|name=\"([a-z]+)\"", cli)

    assert set() == commands - {name for pair in known for name in pair}


def test_every_link_in_the_documents_leads_somewhere() -> None:
    """Relative links only have to exist."""
    pages = [*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert [] == broken
