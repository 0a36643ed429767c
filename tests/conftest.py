"""What several tests share."""

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
        regime="wpg",
        themes=["home_burglary"],
        channels=["brought"],
        flagged_share=0.03,
        framework="rekenkamer-2.0",
        seed=1,
        cas_audit="0",
        python="3.11",
        packages={},
    )
