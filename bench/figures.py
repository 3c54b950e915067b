# SPDX-License-Identifier: Apache-2.0
"""Figures: what was measured, what it is compared with, and whether it reaches its target."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Sample:
    """One measurement; `wrong` says what was wrong with the answers in it."""

    value: float
    wrong: str | None = None
    note: str | int = ""


@dataclass
class Figure:
    row: str
    name: str
    unit: str
    reference: str  # what it is compared with
    target: str = ""  # in words; empty: only for comparison
    at_least: float | None = None  # bound of the ratio, or of our value if there is no reference
    at_most: float | None = None  # bound of our value
    ratio_at_most: float | None = None
    digits: int = 0
    ours: list = field(default_factory=list)
    theirs: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def add(self, ours, theirs):
        """Adds a round: two Samples, or numbers."""
        for side, samples in ((ours, self.ours), (theirs, self.theirs)):
            sample = side if isinstance(side, Sample) else Sample(side)
            samples.append(sample.value)
            if sample.wrong and sample.wrong not in self.wrong:
                self.wrong.append(sample.wrong)

    @property
    def ratios(self):
        return [mine / other for mine, other in zip(self.ours, self.theirs) if other > 0]

    @property
    def verdict(self):
        if self.wrong or not self.ours:
            return "void"
        if self.at_least is not None:
            # Without a reference the bound applies to our value.
            return "reached" if statistics.median(self.ratios or self.ours) >= self.at_least else "missed"
        if self.ratio_at_most is not None:
            return "reached" if statistics.median(self.ratios) <= self.ratio_at_most else "missed"
        if self.at_most is not None:
            return "reached" if statistics.median(self.ours) <= self.at_most else "missed"
        return ""

    def number(self, value):
        return f"{value:,.{self.digits}f}"

    def spread(self, values):
        """The median, and in brackets the lowest and the highest."""
        if not values:
            return "-"
        if len(values) == 1:
            return self.number(values[0])
        return f"{self.number(statistics.median(values))} ({self.number(min(values))} to {self.number(max(values))})"

    @property
    def ratio_text(self):
        ratios = self.ratios
        if not ratios:
            return "-"
        text = f"{statistics.median(ratios):.2f}"
        return text if len(ratios) == 1 else f"{text} ({min(ratios):.2f} to {max(ratios):.2f})"

    @property
    def cells(self):
        return [
            self.row,
            f"{self.name}, {self.unit}",
            self.spread(self.ours),
            self.reference,
            self.spread(self.theirs) if any(self.theirs) else "-",
            self.ratio_text,
            self.target or "-",
            f"**{self.verdict}**" if self.verdict == "void" else self.verdict or "-",
        ]


HEADINGS = ["row", "work", "Coatcheck", "held against", "that", "ratio", "target", ""]


def as_markdown(figures):
    lines = ["| " + " | ".join(HEADINGS) + " |", "| " + " | ".join("---" for _ in HEADINGS) + " |"]
    return "\n".join(lines + ["| " + " | ".join(figure.cells) + " |" for figure in figures])


def as_text(figures):
    lines = []
    for figure in figures:
        lines.append(f"{figure.row}: {figure.name}, {figure.unit}")
        lines.append(f"    Coatcheck  {figure.spread(figure.ours)}")
        if figure.ratios:
            lines.append(f"    reference  {figure.spread(figure.theirs)}   {figure.reference}")
            lines.append(f"    ratio      {figure.ratio_text}")
        if figure.target:
            lines.append(f"    target     {figure.target}: {figure.verdict}")
        lines += [f"    void: {wrong}" for wrong in figure.wrong]
        lines += [f"    {note}" for note in figure.notes]
    return "\n".join(lines)


def in_turn(round_number, *sides):
    """Calls each side once: in the given order in odd rounds, in reverse in even ones. Returns the results in
    the given order."""
    order = list(range(len(sides)))
    if round_number % 2 == 0:
        order.reverse()
    results = [None] * len(sides)
    for index in order:
        results[index] = sides[index]()
    return results
