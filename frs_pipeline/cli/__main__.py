"""`python -m frs_pipeline.cli`."""

from frs_pipeline.cli import main

main()
