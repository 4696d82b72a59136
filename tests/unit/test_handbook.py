"""What is made from code and study and kept in the repository is up to date; what isn't is told, and made again."""

import shutil

import pytest
from support.study import STUDY, study_with

from frs_pipeline.handbook import __main__ as handbook
from frs_pipeline.store.settings import PROJECT

KEPT = list(handbook._made(STUDY))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_what_is_kept_is_up_to_date(kept):
    assert kept.read_text(encoding="utf-8") == handbook._made(STUDY)[kept]()


def test_what_is_out_of_date_is_told_by_its_file_and_made_again(tmp_path, monkeypatch, capsys):
    study = study_with(tmp_path, {"published/contradictions.csv": lambda text: text[: text.rstrip().rindex("\n") + 1]})
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "docs", project / "docs")
    (study.folder / "data").symlink_to(PROJECT / "data")
    known_by = shutil.copy(handbook.KNOWN_BY, project / "delivery.json")
    monkeypatch.setattr(handbook, "PROJECT", project)
    monkeypatch.setattr(handbook, "KNOWN_BY", known_by)
    monkeypatch.setattr(handbook, "shipped_study", lambda: study.folder)
    rules, tables = project / "docs" / "rules.md", project / "docs" / "tables.md"
    rules.write_text("old", encoding="utf-8")
    known_by.write_text("{}", encoding="utf-8")
    tables.unlink()
    stale = [rules, tables, known_by, study.folder / "published/contradictions.csv"]
    assert handbook.main(["--check"]) == 1
    assert {line.split(":")[0] for line in capsys.readouterr().err.splitlines()} == {str(path) for path in stale}
    assert (handbook.main([]), handbook.main(["--check"])) == (0, 0)
    assert capsys.readouterr().err == ""
