"""What a table asks of the forms of a delivery: which it counts, which were set aside or withdrawn, and how many of each."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from frs_pipeline.lineage.aside import Aside, forms_set_aside
from frs_pipeline.lineage.aside import groups as groups_of
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.meaning import base
from frs_pipeline.lineage.waterfall import AGAIN, NOT_IN_CODEBOOK, SET_ASIDE, Asked, Group, Why, failing, questions
from frs_pipeline.store.files import read, rows_in
from frs_pipeline.study import Study
from frs_pipeline.study.boxes import in_sql
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.tables import Table


class Asking:
    """The evidence of one delivery, or of several together, asked table by table; what was asked once is kept.

    Nothing of a single form is read but its answers to a table's questions, by id.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self._asked: dict[int, Asked] = {}
        self._bases: dict[int, int] = {}
        self._aside: dict[str, list[Aside]] = {}

    @property
    def study(self) -> Study:
        return self.evidence.study

    @property
    def delivery(self) -> str:
        return self.evidence.store.delivery

    @cached_property
    def parts(self) -> list[Asking]:
        """The deliveries that hold the forms: this one, or several."""
        return [self] if self.evidence.parts == [self.evidence] else [Asking(part) for part in self.evidence.parts]

    def set_aside(self, instrument: str) -> list[Aside]:
        """List the forms of a questionnaire that were set aside."""
        if instrument not in self._aside:
            self._aside[instrument] = [form for part in self.evidence.parts for form in forms_set_aside(part, instrument)]
        return self._aside[instrument]

    def withdrawn(self, instrument: str) -> int:
        """Count the forms of a questionnaire, or conferences, withdrawn before anything was judged. No passport says why."""
        stores = [part.store for part in self.evidence.parts]
        if instrument == CONFERENCE:
            return sum(rows_in(store.file("validated", "withdrawn_conferences")) for store in stores)
        return sum(sum(read(store.file("withdrawn", instrument))["forms"].to_pylist()) for store in stores)

    def asked(self, table: Table) -> Asked:
        """Count all forms of a table's marts by occasion and by their answers to its questions."""
        if table.number not in self._asked:
            names = questions(self.study, table)
            groups: list[Group] = []
            counted: Counter[tuple[Why, Group]] = Counter()
            for part, mart in ((part, mart) for mart in table.marts for part in self.parts):
                for (occasion, answers), forms in part.evidence.forms.by(mart, tuple(names), table.pairing).items():
                    groups.append(Group(mart, occasion, answers, forms, part.delivery))
                if mart == CONFERENCE:
                    for (occasion, answers), number in part.evidence.only_in_ledger(tuple(names)).items():
                        counted[Why(NOT_IN_CODEBOOK), Group(mart, occasion, answers, 1, part.delivery)] += number
                    continue
                for (rule, group), number in groups_of(part.set_aside(mart), names, part.delivery).items():
                    counted[Why(SET_ASIDE, rule), group] += number
                for (occasion, answers), forms in part.evidence.again(mart, tuple(names)).items():
                    counted[Why(AGAIN), Group(mart, occasion, answers, 1, part.delivery)] += forms
            withdrawn: dict[str, int] = {mart: self.withdrawn(mart) for mart in table.marts}
            self._asked[table.number] = Asked(table, names, groups, counted, withdrawn)
        return self._asked[table.number]

    def base(self, table: Table) -> int:
        """Count the forms that a table counts by its own definition."""
        if table.number not in self._bases:
            asked, chosen = self.asked(table), base(self.study, table)
            self._bases[table.number] = sum(g.forms for g in asked.groups if not failing(self.study, asked.questions, chosen, g))
        return self._bases[table.number]

    def answers(self, table: Table, forms: tuple[str, ...]) -> dict[str, Group]:
        """Read occasion and answers, to a table's questions, of some of the forms in its marts; of a pair, by either form."""
        groups: dict[str, Group] = {}
        names, ids = ", ".join(map(in_sql, self.asked(table).questions)), ", ".join(f"'{form}'" for form in forms)
        for part, mart in ((part, mart) for part in self.parts for mart in (table.marts if forms else ())):
            marts = part.evidence.forms_view(mart, table.pairing)
            for form_id in ("form_id", *((table.pairing.form,) if table.pairing else ())):
                chosen = f"SELECT {form_id}, occasion, {names} FROM {marts} WHERE {form_id} IN ({ids})"  # noqa: S608
                rows = part.evidence.ask(chosen)
                groups |= {form: Group(mart, occasion, tuple(codes), 1, part.delivery) for form, occasion, *codes in rows}
        return groups
