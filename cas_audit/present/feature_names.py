"""What a model knows of a cell, in the words of a reader: made of the parts of a feature's name."""

import re
from collections.abc import Callable, Mapping

__all__ = ["name_feature"]

COUNTED = re.compile(
    r"(?:cell|ring_(?P<reach>\d+))(?:_0)?_(?P<what>last|count|rate|decay)_(?P<weeks>\d+)_weeks"
    r"(?:_(?P<theme>\w+))?"
)
SPREAD = re.compile(r"kde_(?P<reach>\d+)_cells_(?P<weeks>\d+)_weeks")
REPEATED = re.compile(r"near_repeat_(?P<weeks>\d+)_weeks_(?P<reach>\d+)_cells")
KINDS = ((SPREAD, "spread"), (REPEATED, "repeated"))


def name_feature(
    texts: Mapping[str, str], name: Callable[[str], str], identifier: str
) -> str | None:
    """Return how to call a feature; None where it is not one that is made of counts.

    Args:
        texts: of the language, by part of a name.
        name: how to call a theme.
        identifier: of the feature, as `model/features.json` has it.
    """
    for pattern, text in KINDS:
        if found := pattern.fullmatch(identifier):
            return texts[text].format(**found.groupdict())
    found = COUNTED.fullmatch(identifier)
    if not found:
        return None
    reach, what, weeks, theme = found.group("reach", "what", "weeks", "theme")
    when = "count" if what == "last" else what
    parts = [
        texts[{None: "here", "1": "beside"}.get(reach, "near")].format(reach=reach),
        texts["count_1" if (when, weeks) == ("count", "1") else when].format(weeks=weeks),
    ]
    if theme:
        parts.append(texts["others"] if theme == "others" else name(theme))
    return ", ".join(parts)
