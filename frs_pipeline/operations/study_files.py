"""Read what a study is made of, comparing each part with the others: the one list behind `frs study check` and doctor."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jinja2 import TemplateSyntaxError

from frs_pipeline.errors import Gathered, InputError, unusable
from frs_pipeline.language import plural
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.printed.contradictions import FILE as CONTRADICTIONS
from frs_pipeline.printed.contradictions import kept
from frs_pipeline.report.baselines import baselines
from frs_pipeline.report.claims import claims
from frs_pipeline.report.statements import front_of, titles_of
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.assumptions import FILE as ASSUMPTIONS
from frs_pipeline.study.assumptions import assumptions
from frs_pipeline.study.baselines import FILE as BASELINES
from frs_pipeline.study.chapters import FILE as CHAPTERS
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.claims import FOLDER as CLAIMS
from frs_pipeline.study.families import REST, families
from frs_pipeline.study.instruments import FILE as ABOUT
from frs_pipeline.study.instruments import FOLDER, listed
from frs_pipeline.study.operating import FILE as OPERATING
from frs_pipeline.study.operating import operating
from frs_pipeline.study.printed import FILE as PRINTED
from frs_pipeline.study.printed import PROSE, line_of, prose
from frs_pipeline.study.promises import FILE as PROMISES
from frs_pipeline.study.promises import limits
from frs_pipeline.study.questionnaires import SCALES, questionnaires, read_scales
from frs_pipeline.study.release import FILE as RELEASE
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.rules import FILE as RULES
from frs_pipeline.study.rules import kinds, policy
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.statements import FINDINGS, TITLES
from frs_pipeline.study.tables import FILE as TABLES
from frs_pipeline.study.tables import catalogue
from frs_pipeline.templates import templates_in

ABOUT_PAGE = "report/about.html"


class Part(NamedTuple):
    """A part of a study: its name, its file or folder in the study, and a function that reads it and sums up what is there.

    A study needn't have an `optional` one, and then has nothing of the kind. Reading raises `InputError` for all faults.
    """

    name: str
    file: str
    read: Callable[[Study], str]
    optional: bool = False


class Outcome(NamedTuple):
    """What came of reading a part: `detail` is what there is in short, `errors` everything that is wrong with it.

    A part that isn't sound and has no errors can't be read until other parts are corrected.
    """

    part: Part
    sound: bool
    detail: str
    errors: tuple[InputError, ...]


def examine(study: Study) -> list[Outcome]:
    """Read every part of a study. A fault is reported once, for the first part that comes across it."""
    outcomes: list[Outcome] = []
    known: set[str] = set()
    for part in PARTS:
        wrong, detail = Gathered(), "waits for what is wrong with another part"
        with wrong:
            detail = _read(part, study)
        new = {str(error): error for error in wrong.errors if str(error) not in known}
        known |= new.keys()
        outcomes.append(Outcome(part, not wrong.errors, detail, tuple(new.values())))
    return outcomes


def _read(part: Part, study: Study) -> str:
    try:
        if part.optional and not (study.folder / part.file).exists():
            return "none"
        return part.read(study)
    except InputError:
        raise
    except OSError as error:
        wrong = unusable(error)
        raise InputError(str(wrong), where=study.folder / part.file) from error


def _about(study: Study) -> str:
    printed = about(study).printed_from
    return f"{about(study).name}, " + (f"printed from delivery {printed}" if printed else "without a printed report")


def _rules(study: Study) -> str:
    rules, built_in = len(policy(study).rules), len(kinds(study))
    return f"{built_in} built in, {rules - built_in} of your own"


def _questionnaires(study: Study) -> str:
    wrong = Gathered()
    with wrong:
        listed(study)
    with wrong:
        questionnaires(study)
    wrong.check()
    asked = [question for form in questionnaires(study).values() for question in form.questions]
    assumed = len({(question.source, question.asked) for question in asked if question.wording == "assumed"})
    apart = f"; the texts of {plural(assumed, 'question')} are assumed: no export's are compared with them" if assumed else ""
    return f"{plural(len(questionnaires(study)), 'questionnaire')}, {plural(len(asked), 'column')}{apart}"


def _tables(study: Study) -> str:
    wrong = Gathered()
    for read in (catalogue, families):
        with wrong:
            read(study)
    wrong.check()
    declared = [family for family in families(study) if family.id != REST]
    apart = f", {plural(len(declared), 'family', 'families')} of tests" if declared else ""
    return plural(len(catalogue(study)), "table") + apart


def _printed(study: Study) -> str:
    """Check that printed figures stand in tables of the catalogue, where they can be computed."""
    wrong, lines, computed = Gathered(), line_of(study), meanings(study)
    for key in lines:
        with wrong:
            if key not in computed:
                figure = " · ".join(part for part in key[1:] if part)
                there = key.table in catalogue(study)
                what = f"table {key.table} has no figure {figure}" if there else f"there is no table {key.table}"
                do = f"frs tables {key.table} prints it" if there else "tables.yaml lists them"
                raise InputError(what, where=f"{study.folder / PRINTED}:{lines[key]}", do=do)
    wrong.check()
    return plural(len(lines), "printed figure")


def _chapters(study: Study) -> str:
    """Check that a chapter that shows what the study says about itself has the page that says it."""
    listed = chapters(study)
    shown = next((index for index, chapter in enumerate(listed) if chapter.shows == "about"), None)
    if shown is not None and not (study.folder / ABOUT_PAGE).is_file():
        file, what = YamlFile(study.folder / CHAPTERS), f"there is no {ABOUT_PAGE}, which is shown"
        raise file.error(["chapters", shown, "shows"], what, "write it, or take the line out")
    return plural(len(listed), "page")


def _about_page(study: Study) -> str:
    path = study.folder / ABOUT_PAGE
    try:
        templates_in(path.parent).get_template(path.name)
    except TemplateSyntaxError as error:
        raise InputError(f"isn't a template: {error.message}", where=f"{path}:{error.lineno}", do="correct the line") from error
    return "a template"


def _claims(study: Study) -> str:
    told = claims(study)
    return f"{plural(len(told.by_id), 'claim')} in {plural(len(told.chapters), 'chapter')}"


def _earlier(study: Study) -> str:
    known = baselines(study)
    cited = plural(len({one.source for one in known.baselines}), "publication")
    return f"{plural(len(known.baselines), 'figure')} of {cited}, {plural(len(known.sums), 'sum')} of data sets"


def _operating(study: Study) -> str:
    told = operating(study)
    owners = len({owner for owners in told.owners.values() for owner in owners})
    awaited = told.delivery_within_days
    return plural(owners, "owner") + (f", a delivery within {plural(awaited, 'day')}" if awaited else "")


PARTS = (
    Part("Study", ABOUT, _about),
    Part("Scales", SCALES, lambda study: plural(len(read_scales(study)), "scale")),
    Part("Questionnaires", FOLDER, _questionnaires),
    Part("Tables", TABLES, _tables),
    Part("Rules", RULES, _rules),
    Part("Promises", PROMISES, lambda study: f"up to {limits(study).blank.default:.0%} of a question may be blank"),
    Part("Release policy", RELEASE, lambda study: f"counts from {release_policy(study).threshold} on may be seen"),
    Part("Chapters", CHAPTERS, _chapters),
    Part("Page about the study", ABOUT_PAGE, _about_page, True),
    Part("Claims", CLAIMS, _claims, True),
    Part("First page", FINDINGS, lambda study: plural(len(front_of(study).findings), "finding"), True),
    Part("Titles of figures", TITLES, lambda study: plural(len(titles_of(study)), "title"), True),
    Part("Earlier studies", BASELINES, _earlier, True),
    Part("Printed figures", PRINTED, _printed, True),
    Part("Contradictions", CONTRADICTIONS, lambda study: plural(len(kept(study)), "contradiction"), True),
    Part("Correlations in the text", PROSE, lambda study: plural(len(prose(study)), "correlation"), True),
    Part("Running it", OPERATING, _operating, True),
    Part("Reconstruction", ASSUMPTIONS, lambda study: plural(len(assumptions(study).order), "filled-in questionnaire"), True),
)
