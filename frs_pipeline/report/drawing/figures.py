"""Every kind of figure by one name, drawn twice: what a page and a file of its own ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frs_pipeline.language import LANGUAGES, Language
from frs_pipeline.report.drawing.bars import ByGroup, draw_by_group
from frs_pipeline.report.drawing.change import Change, draw_change
from frs_pipeline.report.drawing.distribution import Distribution, draw_distribution
from frs_pipeline.report.drawing.file import Caption, picture
from frs_pipeline.report.drawing.forest import Forest, draw_forest
from frs_pipeline.report.drawing.histogram import Numbers, draw_numbers
from frs_pipeline.report.drawing.scene import NARROW, WIDE, Drawing, Room
from frs_pipeline.report.drawing.squares import Crosstab, draw_crosstab
from frs_pipeline.report.drawing.svg import svg, unseen

Figure = ByGroup | Change | Distribution | Crosstab | Forest | Numbers


@dataclass(frozen=True)
class Drawn:
    """Both drawings of a figure; a page shows the one that there is room for."""

    wide: Drawing
    narrow: Drawing

    @property
    def html(self) -> str:
        """Both drawings for a page in both languages."""
        return self.in_languages(LANGUAGES)

    def in_languages(self, languages: Sequence[Language]) -> str:
        """Return both drawings for a page, and the sentence for those who don't see them; once, as both say the same."""
        return unseen(self.wide, languages) + svg(self.wide, languages) + svg(self.narrow, languages)

    def file(self, caption: Caption, language: Language, stylesheet: str) -> str:
        """Return the wide drawing as an SVG file in one language, with what it is and where it comes from in the picture."""
        return picture(self.wide, caption, language, stylesheet)


def drawn(figure: Figure) -> Drawn:
    """Draw a figure wide and narrow."""
    return Drawn(_draw(figure, WIDE), _draw(figure, NARROW))


def _draw(figure: Figure, room: Room) -> Drawing:
    match figure:
        case ByGroup():
            return draw_by_group(figure, room)
        case Change():
            return draw_change(figure, room)
        case Distribution():
            return draw_distribution(figure, room)
        case Crosstab():
            return draw_crosstab(figure, room)
        case Forest():
            return draw_forest(figure, room)
        case Numbers():
            return draw_numbers(figure, room)
