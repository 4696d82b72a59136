"""The first mistakes that newcomers make in each YAML file of a study: one line, which names the place and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from support.study import STUDY, study_with

from frs_pipeline.errors import InputError
from frs_pipeline.operations.study_files import examine
from frs_pipeline.store.deliveries import Description
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.spec import YamlFile

SECOND = Study(PROJECT / "studies" / "library_visitors")
# By file: what stands there, what somebody writes instead, and all that is said of it.
MISTAKES: dict[str, list[dict[str, str]]] = yaml.safe_load(
    (PROJECT / "tests" / "support" / "first_mistakes.yaml").read_text(encoding="utf-8")
)
# What looks like a mistake and is taken as it was meant.
MEANT = [
    ("scales.yaml", 'label: "Yes"', "label: Yes"),
    ("scales.yaml", 'label: "No"', "label: No"),
    ("scales.yaml", "label: Computers", "label: 1-2"),
    ("questionnaires/visitor.yaml", '"0-17": [0, 17]', "0-17: [0, 17]"),
    ("tables.yaml", '{"Yes": ["Yes"], "No": ["No"]}', "{Yes: [Yes], No: [No]}"),
    ("study.yaml", "title: Visitors of the library", "title: {danish: Biblioteket, english: The library}"),
]


def faults(folder: Path, name: str, old: str, new: str) -> list[str]:
    """All that is said of a study in one of whose files this was written instead of that, each without the folder's name."""

    def mistaken(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    if name == "delivery.yaml":
        (folder / name).write_text(mistaken("made_up: true\n"), encoding="utf-8")
        with pytest.raises(InputError) as error:
            YamlFile(folder / name).parse(Description)
        return [str(error.value).removeprefix(f"{folder}/")]
    study = study_with(folder, {name: mistaken}, SECOND if (SECOND.folder / name).exists() else STUDY)
    return [str(error).removeprefix(f"{study.folder}/") for outcome in examine(study) for error in outcome.errors]


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [(name, *mistake.values()) for name, mistakes in MISTAKES.items() for mistake in mistakes],
    ids=lambda value: value[:24],
)
def test_a_mistake_is_one_line_that_says_where_and_what_is_right(
    tmp_path: Path, name: str, old: str, new: str, says: str
) -> None:
    (said,) = faults(tmp_path, name, old, new)
    assert said.startswith(f"{name}:{says}")
    assert said.endswith(")")
    assert "\n" not in said


@pytest.mark.parametrize(("name", "old", "new"), MEANT, ids=lambda value: value[:24])
def test_what_is_meant_is_understood(tmp_path: Path, name: str, old: str, new: str) -> None:
    assert faults(tmp_path, name, old, new) == []


def test_ten_of_each_file_are_tried() -> None:
    assert {name for name, mistakes in MISTAKES.items() if len(mistakes) < 10} == set()
    there = {path.relative_to(SECOND.folder).as_posix() for path in SECOND.folder.rglob("*.yaml") if "data" not in path.parts}
    assert there <= MISTAKES.keys()
