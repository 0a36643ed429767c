"""Tables in Markdown, with the Monte Carlo error of a share."""

__all__ = ["share_of", "table"]


def table(head: list[str], lines: list[list[str]]) -> str:
    """Return a table.

    >>> print(table(["a"], [["1"]]))
    | a |
    |---|
    | 1 |
    """
    rule = "|" + "---|" * len(head)
    return "\n".join(
        [f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(one)} |" for one in lines)]
    )


def share_of(value: float | None, number: int | None) -> str:
    """Return a share in percent, with its standard error when the number of cities is given.

    >>> share_of(0.951, 2000), share_of(None, 3)
    ('95.1 ± 0.5', '-')
    """
    if value is None:
        return "-"
    if not number:
        return f"{100 * value:.1f}"
    error = 100 * (value * (1 - value) / number) ** 0.5
    return f"{100 * value:.1f} ± {error:.1f}"
