"""The Dagster code location of this study."""

from pathlib import Path

from frs_pipeline.definitions import build_definitions
from frs_pipeline.study import Study

defs = build_definitions(Study(Path(__file__).parent))
