"""The script of the pages is put together from files that share one function: no name may be declared twice there."""

from __future__ import annotations

import re
from collections import Counter

from frs_pipeline.report.statics import script


def test_no_name_is_declared_twice_in_the_script() -> None:
    text = script()
    lists = re.findall(r"^  (?:const|let) ([^;]*?);", text, re.MULTILINE)
    names = [name for one in lists for name in re.findall(r"(?:^|, )(\w+) = ", one)[:1]]
    names += [name for one in lists for name in re.findall(r", ([A-Z]{2,}) = ", one)]
    names += re.findall(r"^  (?:async )?function (\w+)", text, re.MULTILINE)
    assert len(names) > 50
    assert [name for name, number in Counter(names).items() if number > 1] == []
