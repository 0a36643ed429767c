"""What an audit cannot fill in a form of others: each field, and who could."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from cas_audit.config import Strict, Text
from cas_audit.files import read_yaml
from cas_audit.rooms import room

__all__ = ["Left", "left_of"]


class Left(Strict):
    """A field that is left to a person: why, who could fill it, and whether it is demanded.

    `partly` is what the audit began and cannot finish.
    """

    document: str
    field: str
    required: bool
    partly: bool
    title: Text
    who: Text
    why: Text


def left_of(document: str, filled: Iterable[str]) -> list[Left]:
    """Return the fields of a document that are not filled, or not to the end, in its order.

    Args:
        document: such as `register`.
        filled: the fields that are.
    """
    done, texts = set(filled), _texts()
    return [
        Left.model_validate(
            {
                "document": document,
                "field": field,
                "required": bool(said.get("required")),
                "partly": field in done,
                "title": said["title"],
                "who": texts["who"][said["who"]],
                "why": said["why"],
            }
        )
        for field, said in texts["fields"][document].items()
        if field not in done or said.get("partly")
    ]


@cache
def _texts() -> Any:  # noqa: ANN401 - YAML
    return read_yaml(room("reports", "locale", "left.yaml"))
