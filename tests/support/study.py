"""The shipped study, read once for all unit tests of a process."""

from frs_pipeline.store.settings import shipped_study
from frs_pipeline.study import Study

STUDY = Study(shipped_study())
