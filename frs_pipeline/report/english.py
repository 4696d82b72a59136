"""What sentences about the printed report say to those who read the pages in English: answers and numbers as English has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction
from frs_pipeline.printed.notation import in_points
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about
from frs_pipeline.study.questionnaires import read_scales
from frs_pipeline.study.tables import catalogue

_QUOTED = re.compile("‘([^’]*)’")


@derived
def answers(study: Study) -> Mapping[str, Text]:
    """Return what labels say, whoever has them; not those that say different things on different scales."""
    says: dict[str, set[Text]] = {}
    for scale in read_scales(study).values():
        for answer in scale:
            for label in (answer.label, *answer.also_printed):
                says.setdefault(label, set()).add(answer.says)
    for table in catalogue(study).values():
        for axis in (table.row, table.column, table.group):
            for category in axis.categories if axis else ():
                says.setdefault(category.label, set()).add(category.says)
    english = {label: {text.english for text in texts} for label, texts in says.items()}
    return {label: Text(label, *texts) for label, texts in english.items() if len(texts) == 1}


def as_read(study: Study, text: Text) -> Text:
    """Return a sentence whose English quotes printed answers and numbers, with these in English, too."""
    known = answers(study)

    def quoted(found: re.Match[str]) -> str:
        return f"‘{known[found[1]].english if found[1] in known else found[1]}’"

    english = _QUOTED.sub(quoted, text.english)
    return Text(text.danish, in_points(english) if about(study).language == "danish" else english)


def contradiction_as_read(study: Study, found: Contradiction) -> Contradiction:
    """Return a contradiction, its sentences `as_read`."""
    several = (found.possible, found.either, found.worked)
    possible, either, worked = (None if text is None else as_read(study, text) for text in several)
    return replace(found, reason=as_read(study, found.reason), possible=possible, either=either, worked=worked)
