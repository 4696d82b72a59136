"""Which claims the first page of the report shows, and under which titles."""

from __future__ import annotations

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.report.claims import claims
from frs_pipeline.study import Study, derived
from frs_pipeline.study.claims import Claim
from frs_pipeline.study.faults import choices
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "report/findings.yaml"


class Section(Spec):
    """Some claims under one title, by their ids."""

    title: Text
    claims: tuple[str, ...]


class _Sections(Spec):
    sections: tuple[Section, ...]


@derived
def sections(study: Study) -> tuple[Section, ...]:
    """Return the sections of the first page. Without a file that names some, the chapters of the report, with all their claims.

    Raises `InputError` with file and line for claims that the report doesn't make, or that stand twice.
    """
    told, path = claims(study), study.folder / FILE
    if not path.exists():
        chapters = (chapter for chapter in told.chapters if chapter.claims)
        return tuple(Section(title=one.about.title, claims=tuple(claim.id for claim in one.claims)) for one in chapters)
    file, wrong, seen, known = YamlFile(path), Gathered(), set[str](), told.by_id
    listed = file.parse(_Sections).sections
    for place, section in enumerate(listed):
        for index, name in enumerate(section.claims):
            at: list[str | int] = ["sections", place, "claims", index]
            with wrong:
                if name not in known:
                    raise file.error(at, f"the report makes no claim {name}", choices(list(known), name))
                if name in seen:
                    raise file.error(at, f"claim {name} stands twice", "name it once")
            seen.add(name)
    wrong.check()
    return listed


def shown_claims(study: Study) -> tuple[Claim, ...]:
    """Return the claims of the first page, in its order."""
    known = claims(study).by_id
    return tuple(known[name] for section in sections(study) for name in section.claims)
