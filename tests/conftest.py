"""What several tests share."""

import subprocess
import sys
from collections.abc import Callable
from datetime import date

import pytest

from cas_audit.audit.dossier import Manifest
from cas_audit.config import Text


@pytest.fixture
def manifest() -> Manifest:
    """Return the manifest of a small synthetic city, with no files yet."""
    return Manifest(
        schema=1,
        name="demo",
        version="1",
        title=Text(nl="Proef", en="Trial"),
        origin="synthetic",
        reference_date=date(2026, 1, 5),
        regime="wpg_8",
        themes=["home_burglary"],
        channels=["brought"],
        flagged_share=0.03,
        framework="rekenkamer-2.0",
        seed=1,
        cas_audit="0",
        python="3.11",
        packages={},
    )


@pytest.fixture
def loaded() -> Callable[[list[str], tuple[str, ...]], str]:
    """Return what runs a command in a new process and says which of some modules it loaded."""

    def run(arguments: list[str], modules: tuple[str, ...]) -> str:
        program = (
            "import sys\nfrom cas_audit.cli import main\n"
            f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
            f"print([m for m in {modules!r} if m in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()[-1]

    return run
