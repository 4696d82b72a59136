"""Read the claims of the study and check them against the figures that its tables have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.study import Study, derived
from frs_pipeline.study.claims import FILE, PLACEHOLDER, Claim, Claims, Condition, Value
from frs_pipeline.study.faults import Fault, choices
from frs_pipeline.study.spec import YamlFile
from frs_pipeline.study.tables import TOTAL, catalogue
from frs_pipeline.tables.nonresponse import measures


def read_claims(study: Study, path: Path) -> Claims:
    """Read the claims, none where there is no such file; raises `InputError` with file and line for a figure, a value or a
    source that doesn't exist."""
    if not path.exists():
        return Claims(sources={}, sections=())
    file = YamlFile(path)
    seen: set[str] = set()
    read: list[tuple[Claim, ...]] = []
    sources = file.entries(["sources"]) if "sources" in file.entries([]) else None
    wrong = Gathered()
    with wrong:
        parsed = file.parse(Claims)
    for i in file.items(["sections"]):
        read.append(())
        for j in file.items(["sections", i, "claims"]):
            at: list[str | int] = ["sections", i, "claims", j]
            with wrong:
                claim: Claim = file.parse_at(at, Claim)
                read[-1] += (claim,)
                for fault in _faults(study, claim, sources):
                    with wrong:
                        raise file.error([*at, *fault.at], f"claim {claim.id}: {fault.what}", fault.do)
                if claim.id in seen:
                    raise file.error([*at, "id"], f"claim {claim.id} stands twice", "give one of them another id")
                seen.add(claim.id)
    wrong.check()
    sections = (section.model_copy(update={"claims": checked}) for section, checked in zip(parsed.sections, read, strict=True))
    return parsed.model_copy(update={"sections": tuple(sections)})


@derived
def claims(study: Study) -> Claims:
    """Return the claims that the study ships."""
    return read_claims(study, study.folder / FILE)


@derived
def line_of(study: Study, claim: str) -> int:
    """Return the line of `claims.yaml` on which a claim begins, counted from 1."""
    places = [(i, j, claimed.id) for i, section in enumerate(claims(study).sections) for j, claimed in enumerate(section.claims)]
    i, j = next((i, j) for i, j, name in places if name == claim)
    return YamlFile(study.folder / FILE).line(["sections", i, "claims", j])


def _has_no_rows(study: Study, table: int) -> bool:
    return table in catalogue(study) and catalogue(study)[table].kind in ("frequency", "distribution")


def _faults(study: Study, claim: Claim, sources: Sequence[str] | None) -> Iterator[Fault]:
    """Yield what is wrong with a claim; `sources` are None where the file has none, which is reported for itself."""
    if bool(claim.holds) == bool(claim.untested):
        yield Fault((), "needs a condition, or the reason why it isn't tested", "write holds or untested, not both")
    if claim.holds and claim.instead is None:
        yield Fault((), "needs what is printed when it doesn't hold", "write instead")
    known = [*claim.values, *claim.said]
    for key in ("says", "instead", "untested"):
        words: Text | None = getattr(claim, key)
        for language in ("danish", "english") if words else ():
            for name in PLACEHOLDER.findall(getattr(words, language)):
                if name not in known:
                    yield Fault((key, language), f"no value is called {name}", choices(known, name))
    for index, condition in enumerate(claim.holds):
        for what, do in _of_condition(condition, claim.values):
            yield Fault(("holds", index), what, do)
    before: list[str] = []
    for name, value in claim.values.items():
        for what, do in _of_value(study, value, before):
            yield Fault(("values", name), f"{name}: {what}", do)
        before.append(name)
    for index, baseline in enumerate(claim.baselines):
        if sources is not None and baseline.source not in sources:
            at = ("baselines", index, "source")
            yield Fault(at, f"no source is called {baseline.source}", choices(sources, baseline.source))


def _of_condition(condition: Condition, values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a condition, and what to do."""
    others = (condition.at_least, condition.at_most, condition.above, condition.below)
    for name in (condition.value, *(other for other in others if isinstance(other, str))):
        if name not in values:
            number = name != condition.value and any(letter.isdigit() for letter in name)
            do = "write it with digits and a decimal point, without quotes" if number else choices(values, name)
            yield f"no value is called {name}", do
    if all(limit is None for limit in (*others, condition.as_said_within, condition.strength)):
        yield f"the condition on {condition.value} says nothing that could fail", "write at_least, at_most, above or below"
    value = values.get(condition.value, Value())
    if condition.strength and value.gamma is None:
        yield f"{condition.value} has no strength: it isn't a gamma", "write at_least or at_most"
    if condition.as_said_within is not None and value.said is None:
        yield f"{condition.value} needs said, which as_said_within holds it against", "add said to the value"


def _of_value(study: Study, value: Value, before: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a value, and what to do; `before` are the values above it."""
    kinds = [kind for kind in (value.share, value.gamma, value.points, value.lacking) if kind is not None]
    if len(kinds) != 1:
        yield "needs one of share, gamma, points and lacking", "leave one of them"
    elif value.points and not {value.points.of, value.points.less} <= set(before):
        yield "is a difference of values that don't stand above it", choices(before)
    elif value.share and len(set(value.share.answers)) < len(value.share.answers):
        yield "counts an answer twice", "name it once"
    elif value.share and value.share.row != TOTAL and _has_no_rows(study, value.share.table):
        yield f"names a row, and table {value.share.table} has only answers", "take row out"
    elif value.lacking and value.lacking.measure not in measures(study):
        measure = value.lacking.measure
        yield f"nothing of the unit non-response is called {measure}", choices(measures(study), measure)
    tables = {address.table for address in value.addresses(catalogue(study))}
    for table in sorted(tables - set(catalogue(study))):
        yield f"there is no table {table}", "tables.yaml lists them"
    for address in value.addresses(catalogue(study)):
        if address.table in catalogue(study) and address not in meanings(study):
            figure = " · ".join(part for part in address[1:] if part)
            yield f"table {address.table} has no figure {figure}", f"frs tables {address.table} prints it"
