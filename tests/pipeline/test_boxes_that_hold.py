"""Boxes: what tables of them tell together in a release, and what a box that isn't ticked means."""

import csv
import io
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.kinds_study import answers, deliver, kinds_study
from support.small_study import NAME, make_delivery

from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.release.making import Releasing
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.rules import KINDS, kinds
from frs_pipeline.study.tables import catalogue

TABLES = """\
  - {number: 31, title: "", kind: multiple, mart: participant, variable: helped}
  - {number: 34, title: "", kind: multiple, mart: participant, variable: helped, leave_out: {helped: [Maden]}}
"""
BOXES = """\
  - {name: before, source: foer, text: "Hvad?", type: multiple, scale: early, sensitivity: personal, wording: assumed}
  - {name: after, source: efter, text: "Hvad?", type: multiple, scale: late, sensitivity: personal, wording: assumed}
  - {name: remarks, source: bem, text: "Andet?", type: text, sensitivity: sensitive, wording: assumed}
"""
SCALES = """\
  early:
    - {code: 1, label: "Maden"}
    - {code: 2, label: "Planen"}
  late:
    - {code: 3, label: "Turen"}
    - {code: 4, label: "Svaret"}
"""


def released(folder, frame):
    settings = deliver(kinds_study(folder, TABLES), folder / "data", frame)
    refresh(settings)
    study, store = settings.study, Store(settings, NAME)
    tables = {number: catalogue(study)[number] for number in (31, 34)}
    marts = {"participant": store.marts("participant")}
    done = Releasing(study, NAME, tables, marts, release_policy(study), forms="x").release()
    rows = csv.DictReader(io.StringIO(done.files["figures.csv"].decode()))
    return {
        (int(r["table"]), r["row"], r["measure"]): int(r["value"])
        for r in rows
        if r["status"] == "shown" and r["measure"] in ("count", "answers")
    }


@pytest.mark.parametrize("boxes", ["few ticked the third alone", "few ticked both"])
def test_tables_of_boxes_tell_no_small_number_together(tmp_path, boxes):
    frame = answers()
    ticked = np.zeros((len(frame), 3), int)
    ticked[:100, 0], ticked[60:130, 1] = 1, 1
    if boxes == "few ticked both":
        ticked[60:98, 1] = 0
    else:
        ticked[90:134, 2] = 1
    frame[["helped_1", "helped_2", "helped_4"]] = ticked
    shown = released(tmp_path, frame)
    told = {}
    if {(31, "Total valid", "count"), (34, "Total valid", "count")} <= shown.keys():
        told["the third alone"] = shown[31, "Total valid", "count"] - shown[34, "Total valid", "count"]
    if {(34, "Total", "answers"), (34, "Total valid", "count")} <= shown.keys():
        told["both"] = shown[34, "Total", "answers"] - shown[34, "Total valid", "count"]
    assert [name for name, forms in told.items() if 0 < forms < 5] == []


def small(folder, status, answer, written):
    study = begin(folder / "boxes")
    for name, more in (("questionnaires/participant", BOXES), ("scales", SCALES)):
        with (study / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(more)
    about, rules = study / "study.yaml", study / "rules.yaml"
    if not status:
        about.write_text(about.read_text(encoding="utf-8").replace("forms: {", "forms: {status: none, "), encoding="utf-8")
    text = rules.read_text(encoding="utf-8").replace("0.05", "0.9").replace("0.20", "0.9")
    for rule in KINDS.keys() - kinds(Study(study)).keys():
        text = re.sub(rf"(?m)^  {rule}:\n(    .*\n)+", "", text)
    rules.write_text(text, encoding="utf-8")
    settings = make_delivery(Study(study), folder / "data", answer, written=written)
    export = settings.raw_delivery(NAME) / "participant" / "dataset.csv"
    rows = list(csv.reader(io.StringIO(export.read_bytes().decode("cp1252")), delimiter=";"))
    if status:
        some, done = rows[0].index("stato_3"), rows[0].index("stato_4")
        for row in rows[1:5]:
            row[some], row[done] = "1", "0"
    else:
        kept = [at for at, name in enumerate(rows[0]) if not name.startswith("stat")]
        rows = [[row[at] for at in kept] for row in rows]
    with export.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    refresh(settings)
    mart = pq.read_table(settings.curated(NAME) / "marts" / "participant.parquet").to_pandas()
    return mart.set_index("form_id")


def test_boxes_of_another_question_with_the_same_text_say_nothing_of_these(tmp_path):
    def answer(question, at, place):
        return str(int(question.name == "before_1")) if question.option is not None else str(question.codes[0])

    mart = small(tmp_path, True, answer, lambda _, __: "")
    assert mart.loc[[f"DE-{1000 + at}" for at in range(4)], ["after_3", "after_4"]].isna().all(axis=None)


def test_without_a_status_a_form_with_no_answer_has_no_boxes_and_one_with_a_text_counts(tmp_path):
    def answer(question, at, place):
        if question.option is not None:
            return "" if 4 <= at < 8 else str(int(at >= 8))
        return "" if at < 8 else str(question.codes[0])

    mart = small(tmp_path, False, answer, lambda _, at: "noget helt andet end det" if 4 <= at < 8 else "")
    blank, written = ([f"DE-{1000 + at}" for at in some] for some in (range(4), range(4, 8)))
    assert mart.reindex(blank)[["before_1", "before_2"]].isna().all(axis=None)
    assert set(written) <= set(mart.index)
