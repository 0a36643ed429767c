"""Where the rooms are: checks, expectations and reports, which are content and not code.

In a checkout they stand beside the engine; in a wheel under `cas_audit/_programme`.
"""

from pathlib import Path

from cas_audit.errors import ProgrammeError

__all__ = ["room"]

ENGINE = Path(__file__).resolve().parent


def room(*parts: str) -> Path:
    """Return the path of a file or folder of the audit programme.

    Args:
        parts: path below the programme, such as `"expectations", "areas.suite.yaml"`.

    Raises:
        ProgrammeError: the programme holds no such file or folder.

    >>> room("nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cas_audit.errors.ProgrammeError: The audit programme holds no nowhere; looked in ...
    """
    packed = ENGINE / "_programme"
    home = packed if packed.is_dir() else ENGINE.parent
    found = home.joinpath(*parts)
    if not found.exists():
        message = f"The audit programme holds no {'/'.join(parts)}; looked in {home}."
        raise ProgrammeError(message)
    return found
