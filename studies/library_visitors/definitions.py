"""The Dagster code location of this study."""

from pathlib import Path

from frs_pipeline.definitions import build_definitions
from frs_pipeline.study import Study

# From the root on, as the command line finds it: a link to the folder is no other study, with other data.
defs = build_definitions(Study(Path(__file__).resolve().parent))
