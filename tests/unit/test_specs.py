"""YAML that isn't understood is refused with file and line."""

from typing import Literal

import pytest

from frs_pipeline.errors import InputError
from frs_pipeline.specs import Spec, YamlFile


class Perch(Spec):
    name: str
    height: int = 0
    wood: Literal["oak", "ash"] = "oak"


class Aviary(Spec):
    perches: tuple[Perch, ...]
    title: str = ""


GOOD = """\
# a comment
title: Birds
perches:
  - name: high
    height: 3
  - {name: low, wood: ash}
"""


def written(tmp_path, text):
    path = tmp_path / "aviary.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_good_file_becomes_its_model(tmp_path):
    aviary = YamlFile(written(tmp_path, GOOD)).parse(Aviary)
    assert aviary == Aviary(title="Birds", perches=(Perch(name="high", height=3), Perch(name="low", wood="ash")))


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        pytest.param("title:", "titel:", 2, "titel", id="unknown key at the top"),
        pytest.param("    height: 3", "    hight: 3", 5, "hight", id="unknown key of an item"),
        pytest.param("height: 3", "height: tall", 5, "height", id="text for a number"),
        pytest.param("height: 3", "height: 3.5", 5, "height", id="fraction for a whole number"),
        pytest.param("wood: ash", "wood: pine", 6, "wood", id="word outside the list"),
        pytest.param("name: low", "name: 7", 6, "name", id="number for a text"),
        pytest.param("- name: high\n    height", "- height", 4, "name", id="key left out"),
        pytest.param("perches:", "perches: 4\nrest:", 3, "perches", id="scalar for a list"),
    ],
)
def test_what_the_model_does_not_know_is_refused_with_its_line(tmp_path, old, new, line, says):
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=says) as refused:
        YamlFile(path).parse(Aviary)
    assert refused.value.where == f"{path}:{line}"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("title: Birds\nperches: [a, b\n", 3, id="bracket never closed"),
        pytest.param("title: Birds\n\tperches: []\n", 2, id="tab for indentation"),
        pytest.param("title: a: b\n", 1, id="two colons"),
    ],
)
def test_bad_yaml_is_refused_with_its_line(tmp_path, text, line):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match="not valid YAML") as refused:
        YamlFile(path)
    assert refused.value.where == f"{path}:{line}"


def test_yaml_with_a_control_character_is_refused(tmp_path):
    with pytest.raises(InputError, match="not valid YAML"):
        YamlFile(written(tmp_path, b"title: \x01\n"))


def test_an_empty_file_is_refused(tmp_path):
    path = written(tmp_path, "")
    with pytest.raises(InputError) as refused:
        YamlFile(path).parse(Aviary)
    assert refused.value.where == f"{path}:1"


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="cannot be read") as refused:
        YamlFile(tmp_path / "aviary.yaml")
    assert refused.value.where == tmp_path / "aviary.yaml"


def test_yaml_cannot_make_python_objects(tmp_path):
    with pytest.raises(InputError, match="not valid YAML"):
        YamlFile(written(tmp_path, "title: !!python/object/apply:os.getcwd []\n"))


def test_a_model_cannot_be_altered_afterwards(tmp_path):
    aviary = YamlFile(written(tmp_path, GOOD)).parse(Aviary)
    with pytest.raises(ValueError, match="frozen"):
        aviary.title = "Other"


def test_on_and_no_are_words_and_only_true_and_false_are_truth_values(tmp_path):
    read = YamlFile(written(tmp_path, "on: off\nyes: no\nkept: [true, false, n]\n"))
    assert read.data == {"on": "off", "yes": "no", "kept": [True, False, "n"]}
    assert read.line(["yes"]) == 2
