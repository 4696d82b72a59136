"""The answers of a question as a bar shows them: turned so that the favourable ones come first, each with its look.

A look is the class of the piece: `g` for favourable, `u` for unfavourable and hatched, `mid` in between, `s` for the steps of
answers of which none is better than another. Side, colour and texture say the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.numbers import joined
from frs_pipeline.report.drawing.scene import Mark, Rect
from frs_pipeline.study.polarity import Favourable

Side = Literal["best", "middle", "worst"]
# Looks of as many answers on one side, from its end of the bar inward.
_GOOD = {1: ("g1",), 2: ("g1", "g2"), 3: ("g1", "s2", "g2"), 4: ("g1", "s2", "g2", "s4")}
_BAD = {1: ("u1",), 2: ("u2", "u1"), 3: ("u2", "u15", "u1")}
# Of answers without polarity, in the order of the paper.
_STEPS = {
    1: ("s1",),
    2: ("s1", "s4"),
    3: ("s1", "s3", "s5"),
    4: ("s1", "s2", "s3", "s5"),
    5: ("s1", "s2", "s3", "s4", "s5"),
}
# What is too close to the ground for its area alone to be seen has an edge.
EDGED = frozenset({"mid", "s4", "s5", "unsure", "hidden"})
_TEXTURES = {"u1": "hatch", "u15": "hatch", "u2": "hatch", "hidden": "cross"}
_TWO_BEST, _TWO_WORST = Text("To bedste", "Best two"), Text("To dårligste", "Worst two")
_MIDDLE = Text("Midt", "Middle")


@dataclass(frozen=True)
class Answers:
    """The ordered answers of a question in the order of the paper, without "don't know".

    `middle` is the place of the one that is neither, from 0: that in the middle of an odd number unless said. `best` and
    `worst` name the ends where "best two" wouldn't do, as »Få eller ingen« of conflicts.
    """

    labels: tuple[Text, ...]
    favourable: Favourable = "none"
    middle: int | None = None
    best: Text | None = None
    worst: Text | None = None

    @property
    def drawable(self) -> bool:
        """Whether a bar can tell them all apart."""
        good, bad = len(self.places("best")), len(self.places("worst"))
        return len(self.labels) in _STEPS if self.favourable == "none" else good in _GOOD and bad in _BAD

    @property
    def _between(self) -> int | None:
        """Place of the middle answer on the paper; None where there is none."""
        return len(self.labels) // 2 if self.middle is None and len(self.labels) % 2 else self.middle

    @property
    def order(self) -> tuple[int, ...]:
        """Places on the paper in the order of the bar: favourable first."""
        places = range(len(self.labels))
        return tuple(reversed(places)) if self.favourable == "last" else tuple(places)

    def places(self, side: Side) -> tuple[int, ...]:
        """Return the places on the paper of the answers on one side, in the order of the bar."""
        between = self._between
        if between is None:
            half = len(self.labels) // 2
            return {"best": self.order[:half], "middle": (), "worst": self.order[half:]}[side]
        at = self.order.index(between)
        return {"best": self.order[:at], "middle": (between,), "worst": self.order[at + 1 :]}[side]

    @property
    def looks(self) -> dict[int, str]:
        """The look of each answer by its place on the paper, in the order of the bar."""
        if self.favourable == "none":
            return dict(zip(self.order, _STEPS[len(self.order)], strict=True))
        best, worst = self.places("best"), self.places("worst")
        good = dict(zip(best, _GOOD[len(best)], strict=True))
        bad = dict(zip(reversed(worst), _BAD[len(worst)], strict=True))
        return good | dict.fromkeys(self.places("middle"), "mid") | {place: bad[place] for place in worst}

    def head(self, side: Side) -> Text:
        """Return what a column with the sum of one side is called."""
        given = {"best": self.best, "middle": None, "worst": self.worst}[side]
        labels = [self.labels[place] for place in self.places(side)]
        if given is not None:
            return given
        if side == "middle" and self.favourable != "none":
            return _MIDDLE
        if self.favourable != "none" and len(labels) == 2:
            return _TWO_BEST if side == "best" else _TWO_WORST
        return joined(labels, " + ")

    def sum(self, shares: Sequence[float | None], side: Side) -> float | None:
        """Add up the shares of one side; None where one of them is hidden."""
        chosen = [shares[place] for place in self.places(side)]
        known = [share for share in chosen if share is not None]
        return sum(known) if len(known) == len(chosen) else None


def piece(look: str, left: float, right: float, top: float, height: float, gap: float = 0.0) -> list[Mark]:
    """Draw the area of an answer from `left` to `right`; `gap` of its width stays free, half on either side.

    A piece that is narrower than its gap is drawn without one, so that one case is seen.
    """
    if right <= left:
        return []
    free = gap / 2 if right - left > 2 * gap else 0.0
    # An edge lies half outside its area.
    inner = free + (0.5 if look in EDGED and right - left > 2 else 0.0)
    across = 0.5 if look in EDGED else 0.0
    drawn = Rect(look, left + inner, top + across, right - left - 2 * inner, height - 2 * across)
    texture = _TEXTURES.get(look)
    if texture is None:
        return [drawn]
    return [drawn, Rect(texture, drawn.x, drawn.y, drawn.width, drawn.height)]
