"""A figure and its spread over several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure, measured several times."""

    values: Sequence[float]
    unit: str = ""

    def to_json(self) -> dict[str, object]:
        """Return it as `--json` prints it."""
        return {"median": median(self.values), "values": list(self.values), "unit": self.unit}

    def __str__(self) -> str:
        """Format the median; of several values, also minimum and maximum.

        >>> str(Spread([1.0, 1.2, 1.1], "s")), str(Spread([7.0], "MB"))
        ('1.1 s (1 to 1.2)', '7 MB')
        """
        text = f"{median(self.values):.4g} {self.unit}".strip()
        return text if len(self.values) == 1 else f"{text} ({min(self.values):.4g} to {max(self.values):.4g})"


Figures = dict[str, Spread]


def compared(measured: Mapping[str, Mapping[str, Sequence[float]]], unit: str) -> Figures:
    """Return each figure of this code, whose revision is "", and beside it those of other revisions, run by run.

    >>> [f"{name}: {spread}" for name, spread in compared({"rate": {"": [3.0], "v1": [2.0]}}, "a second").items()]
    ['rate: 3 a second', 'rate, at v1: 2 a second', 'rate: here / at v1: 1.5']
    """
    figures: Figures = {}
    for what, of in measured.items():
        for revision, values in sorted(of.items()):
            figures[f"{what}, at {revision}" if revision else what] = Spread(values, unit)
            if revision:
                ratios = [here / there for here, there in zip(of[""], values, strict=True)]
                figures[f"{what}: here / at {revision}"] = Spread(ratios)
    return figures
