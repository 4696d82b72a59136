"""A study that no longer knows a question or an answer of its deliveries: the run is refused, and earlier results stay."""

from __future__ import annotations

import shutil

import pytest
from support.small_study import NAME, by_arithmetic, make_delivery

from frs_pipeline.errors import FrsError
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.privacy.search import search_results
from frs_pipeline.store.files import LEAKED, Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study

TEXT = '  - {name: remarks, source: bem, text: "Andet?", type: text, sensitivity: sensitive, wording: assumed}\n'
SAID = "vi kom aldrig tilbage til sagen igen"
USEFUL = "  - {name: useful, source: nytte,"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    study = begin(folder / "clinic")
    with (study / "questionnaires" / "participant.yaml").open("a", encoding="utf-8") as file:
        file.write(TEXT)
    settings = make_delivery(Study(study), folder / "data", by_arithmetic, written=lambda _, at: SAID if at == 5 else "")
    assert refresh(settings).vouched
    return settings


def results(settings):
    return {path: path.read_bytes() for path in sorted(settings.curated(NAME).rglob("*")) if path.is_file()}


def forget_question(study):
    path = study / "questionnaires" / "participant.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(USEFUL)), encoding="utf-8")
    path = study / "tables.yaml"
    path.write_text(path.read_text(encoding="utf-8").partition("  - number: 3\n")[0], encoding="utf-8")


def forget_answer(study):
    path = study / "scales.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("i mindre grad", "kun en lille smule"), encoding="utf-8")


@pytest.mark.parametrize(("forget", "rule"), [(forget_question, "column_unknown"), (forget_answer, "labels_drifted")])
def test_what_a_study_forgets_takes_no_earlier_result_along(made, tmp_path, forget, rule):
    study = shutil.copytree(made.study.folder, tmp_path / "clinic")
    shutil.copytree(made.data, tmp_path / "data")
    settings = Settings(Study(study), tmp_path / "data", tmp_path / "data" / "pipeline.key")
    before = results(settings)
    forget(study)
    settings = Settings(Study(study), tmp_path / "data", tmp_path / "data" / "pipeline.key")
    with pytest.raises(FrsError, match=rf"\[{rule}\]") as error:
        refresh(settings)
    assert "must not leave" not in str(error.value)
    assert results(settings) == before
    assert not (settings.restricted(NAME) / LEAKED).exists()
    store = Store(settings, NAME)
    path = settings.curated(NAME) / "odd.html"
    path.write_text(f"<p>{SAID}</p>", encoding="utf-8")
    assert [leak.kind for leak in search_results(store).leaks] == ["free text"]
