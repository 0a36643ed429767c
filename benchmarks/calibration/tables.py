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

    The error is that of the share with two cities more on either side (Agresti & Coull 1998), so
    that ten of ten do not look certain.

    >>> share_of(0.951, 2000), share_of(1.0, 10), share_of(None, 3)
    ('95.1 ± 0.5', '100.0 ± 9.4', '-')
    """
    if value is None:
        return "-"
    if not number:
        return f"{100 * value:.1f}"
    wary = (value * number + 2) / (number + 4)
    error = 100 * (wary * (1 - wary) / (number + 4)) ** 0.5
    return f"{100 * value:.1f} ± {error:.1f}"
