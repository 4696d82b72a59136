"""YAML that isn't understood is refused with file and line."""

import datetime as dt
import re
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import Field
from support.study import STUDY

from frs_pipeline.errors import InputError, SeveralErrors
from frs_pipeline.study.faults import of_syntax
from frs_pipeline.study.spec import Spec, YamlFile


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
    assert all(line.startswith(f"{path}:") for line in str(refused.value).splitlines())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("title: Birds\nperches: [a, b\n", 3, id="bracket never closed"),
        pytest.param("title: Birds\n\tperches: []\n", 2, id="tab for indentation"),
        pytest.param("title: a: b\n", 1, id="two colons"),
        pytest.param("title: {{ name }}\n", 1, id="braces in braces"),
        pytest.param("title: Birds\n? [a, b]\n: c\n", 2, id="list as a key"),
        pytest.param("title: Birds\nperches: &a [*a]\n", 2, id="holds itself"),
    ],
)
def test_bad_yaml_is_refused_with_its_line(tmp_path, text, line):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match="not valid YAML") as refused:
        YamlFile(path)
    assert refused.value.where == f"{path}:{line}"


def test_yaml_deeper_than_anything_can_walk_is_refused(tmp_path):
    path = written(tmp_path, "perches: " + "[" * 5000 + "]" * 5000)
    with pytest.raises(InputError, match="goes too deep") as refused:
        YamlFile(path)
    assert refused.value.where == path


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


class Bird(Spec):
    kind: Literal["wren"]
    since: dt.date | None = None


class Nest(Spec):
    kind: Literal["nest"]
    eggs: int = Field(ge=1)


class Garden(Spec):
    things: tuple[Annotated[Bird | Nest, Field(discriminator="kind")], ...] = ()
    names: dict[str, Annotated[str, Field(pattern="^[a-z]+$")]] = Field(default_factory=dict)
    open: bool = True


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param(
            "things:\n  - {kind: nest, egs: 2}", 2, "egs isn't a key here (is eggs meant?)", id="key misspelt, and so missing"
        ),
        pytest.param(
            "things:\n  - {kind: nest, eggs: 2, x: 1}", 2, "x isn't a key here (one of: kind, eggs)", id="key that isn't near any"
        ),
        pytest.param("things:\n  - {kind: nest}", 2, "eggs is missing (add eggs: …)", id="key left out"),
        pytest.param("things:\n  -\n    kind: wrn", 3, "kind: 'wrn' isn't allowed (is wren meant?)", id="kind misspelt"),
        pytest.param("things:\n  - {eggs: 2}", 2, "kind is missing (one of: wren, nest)", id="no kind"),
        pytest.param(
            'things:\n  - {kind: nest, eggs: "2"}',
            2,
            "eggs: '2' isn't a whole number (write it with digits",
            id="number in quotes",
        ),
        pytest.param("things:\n  - {kind: nest, eggs: 0}", 2, "eggs: 0 isn't allowed (at least 1)", id="number too small"),
        pytest.param("things: {kind: nest}", 1, "things: something with keys isn't a list (begin each", id="keys for a list"),
        pytest.param("names:\n  a: 2019", 2, "a: 2019 isn't text (put it into quotes", id="text that looks like a number"),
        pytest.param("names:\n  a: [b]", 2, "a: a list isn't text (write one text, without brackets)", id="list for a text"),
        pytest.param("names:\n  a:", 2, "a is empty, and has to be text", id="nothing behind a key"),
        pytest.param("names:\n  a: Wren", 2, "a: 'Wren' isn't allowed (is wren meant?)", id="capital letter"),
        pytest.param(
            "open: on", 1, "open: 'on' isn't true or false (write true or false, without quotes)", id="another word for true"
        ),
        *(
            pytest.param(f"things:\n  - {{kind: wren, since: {date}}}", 2, "isn't a date (write it as year-month-day", id=date)
            for date in ("2022-13-01", "2022-02-30", "01-02-2022", "2022", "'2022-1-1'", "2022-01-01 10:00:00")
        ),
    ],
)
def test_a_fault_says_what_would_be_right(tmp_path, text, line, says):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=re.escape(says)) as refused:
        YamlFile(path).parse(Garden)
    assert refused.value.where == f"{path}:{line}"
    assert "\n" not in str(refused.value)


def test_all_faults_of_a_file_come_at_once(tmp_path):
    path = written(tmp_path, "things:\n  - {kind: nest, eggs: two}\n  - {kind: wrn}\nnames: {a: 7}\nclosed: true\n")
    with pytest.raises(SeveralErrors) as refused:
        YamlFile(path).parse(Garden)
    assert sorted(int(str(error.where).rpartition(":")[2]) for error in refused.value.errors) == [2, 3, 4, 5]
    assert str(refused.value).count("\n") == 3


def test_dates_are_read_with_and_without_quotes(tmp_path):
    garden = YamlFile(written(tmp_path, "things: [{kind: wren, since: 2022-01-31}, {kind: wren, since: '2022-01-31'}]")).parse(
        Garden
    )
    assert {thing.since for thing in garden.things} == {dt.date(2022, 1, 31)}


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader], ids=["libyaml", "Python"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a: b\n\tc: d\n", "a tab", id="tab"),
        pytest.param("a:\n  b: 1\n\tc: 2\n", "a tab", id="tab below"),
        pytest.param("title: Deltager: Hvem er du?\n", "a second colon", id="colon in a text"),
        pytest.param("a: %b\n", "reserved in YAML", id="per cent"),
        pytest.param("a: @b\n", "reserved in YAML", id="at"),
        pytest.param("a: *b\n", "reserved in YAML", id="star"),
        pytest.param("a: !b c\n", "reserved in YAML", id="exclamation mark"),
        pytest.param('a: "b\\c"\n', "backslash", id="backslash"),
        pytest.param("a: [b, c\n", "isn't closed", id="bracket"),
        pytest.param('a: "b\n', "isn't closed", id="quotation mark"),
        pytest.param("a:\n  - b: 1\n - c: 2\n", "indented", id="indentation"),
    ],
)
def test_syntax_that_is_wrong_is_told_in_plain_words(text, says, loader):
    with pytest.raises(yaml.YAMLError) as error:
        yaml.load(text, Loader=loader)
    assert says in of_syntax(error.value.problem, text.splitlines(), error.value.problem_mark.line)[1]


@pytest.mark.parametrize("path", sorted(STUDY.folder.rglob("*.yaml")), ids=lambda path: path.name)
def test_the_files_of_the_study_are_yaml_to_every_parser(path):
    text = path.read_text(encoding="utf-8")
    assert yaml.load(text, yaml.SafeLoader) == yaml.load(text, yaml.CSafeLoader)
