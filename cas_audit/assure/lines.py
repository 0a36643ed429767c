"""Where in a YAML file something stands, so that a message can name its line."""

from collections.abc import Sequence
from pathlib import Path

import yaml

__all__ = ["Place", "line_of"]

Place = Sequence[str | int]


def line_of(path: Path, place: Place) -> int:
    """Return the line of a key or an item; of what is absent, the line of what should hold it.

    Args:
        path: a YAML file that was read before.
        place: keys and positions from the top, such as `("points", 0, "law")`.
    """
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for step in place:
        found = _step(node, step)
        if found is None:
            break
        line, node = found
    return line


def _step(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return where the next part stands, and the part itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None
