"""The wheel: one top-level name, and every file of every room in it exactly once."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from cas_audit import __version__

ROOT = Path(__file__).parents[1]
ROOMS = ("checks", "expectations", "reports")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build the wheel from the checkout and list its files."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(out)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    [wheel] = out.glob("*.whl")
    with ZipFile(wheel) as archive:
        return archive.namelist()


def test_one_top_level_name(names: list[str]) -> None:
    """Nothing but the engine and the wheel's own record is installed."""
    tops = {name.split("/")[0] for name in names}

    assert {"cas_audit", f"cas_audit-{__version__}.dist-info"} == tops


def test_every_file_of_every_room_stands_in_it_once(names: list[str]) -> None:
    """A room in the wheel holds what it holds in the checkout."""
    files = [p for r in ROOMS for p in (ROOT / r).rglob("*") if p.is_file()]
    wanted = sorted(
        f"cas_audit/_programme/{p.relative_to(ROOT).as_posix()}"
        for p in files
        if "__pycache__" not in p.parts
    )

    assert wanted
    assert wanted == sorted(name for name in names if name.startswith("cas_audit/_programme/"))


def test_what_the_engine_carries_stands_in_it(names: list[str]) -> None:
    """Configurations of the demonstration, and the published schemas."""
    carried = {
        f"cas_audit/{path.relative_to(ROOT / 'cas_audit').as_posix()}"
        for pattern in ("*.yaml", "*.json")
        for path in (ROOT / "cas_audit").rglob(pattern)
    }

    assert {"cas_audit/simulate/demo/v1.yaml", "cas_audit/schemas/config.schema.json"} <= carried
    assert carried <= set(names)
