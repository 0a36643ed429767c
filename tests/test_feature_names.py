"""Every feature has a name that a reader can read, in both languages."""

import re
from pathlib import Path

import pytest

from cas_audit.present.words import LANGUAGES, Words

REGISTER = Path(__file__).parents[1] / "docs/features.md"
NAMES = sorted({*re.findall(r"^\| `(\w+)`", REGISTER.read_text(), re.MULTILINE)})


@pytest.mark.parametrize("identifier", NAMES)
def test_a_feature_is_called_by_words(identifier: str) -> None:
    """None is shown as it stands in the code, and no two languages call it the same."""
    identifier = identifier.replace("OTHER", "bike_theft")
    names = {Words(language).name(identifier) for language in LANGUAGES}

    assert len(names) == len(LANGUAGES)
    assert not [name for name in names if "_" in name or name == identifier.replace("_", " ")]


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        ("cell_0_last_1_weeks", "de cel zelf, laatste week"),
        ("ring_1_last_2_weeks", "de cellen ernaast, laatste 2 weken"),
        (
            "cell_rate_260_weeks_bike_theft",
            "de cel zelf, gemiddeld over 260 weken, diefstal van fiets of bromfiets",
        ),
        (
            "cell_decay_26_weeks_others",
            "de cel zelf, minder zwaar naarmate langer geleden (half na 26 weken), andere delicten",
        ),
        ("distance_to_bars", "distance to bars"),
    ],
)
def test_a_name_is_made_of_its_parts(identifier: str, said: str) -> None:
    """What is not ours is shown as it came, apart from its underscores."""
    assert said == Words("nl").name(identifier)
