"""The script of the pages is put together from files that share one function: no name may be declared twice there."""

from __future__ import annotations

import re
from collections import Counter

from support.study import STUDY

from frs_pipeline.report.statics import script
from frs_pipeline.store.code import PACKAGE
from frs_pipeline.store.plan import products


def test_no_name_is_declared_twice_in_the_script() -> None:
    text = script()
    lists = re.findall(r"^  (?:const|let) ([^;]*?);", text, re.MULTILINE)
    names = [name for one in lists for name in re.findall(r"(?:^|, )(\w+) = ", one)[:1]]
    names += [name for one in lists for name in re.findall(r", ([A-Z]{2,}) = ", one)]
    names += re.findall(r"^  (?:async )?function (\w+)", text, re.MULTILINE)
    assert len(names) > 50
    assert [name for name, number in Counter(names).items() if number > 1] == []


def test_whatever_pages_are_put_together_from_makes_the_report_again_when_it_changes() -> None:
    room = PACKAGE / "report"
    needed = {path for path in (room / "templates").rglob("*") if path.is_file()} | {room / "result_words.yaml"}
    known = {path for path, _ in products(STUDY)[("report",)].definitions}
    assert {path for path in needed if path.suffix != ".svg"} <= known
