"""A figure and how far it strays from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure, measured several times."""

    values: Sequence[float]
    unit: str = ""

    def to_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {"median": median(self.values), "values": list(self.values), "unit": self.unit}

    def __str__(self) -> str:
        """The median; of several, also the least and the most.

        >>> str(Spread([1.0, 1.2, 1.1], "s")), str(Spread([7.0], "MB"))
        ('1.1 s (1 to 1.2)', '7 MB')
        """
        text = f"{median(self.values):.4g} {self.unit}".strip()
        return text if len(self.values) == 1 else f"{text} ({min(self.values):.4g} to {max(self.values):.4g})"


Figures = dict[str, Spread]
