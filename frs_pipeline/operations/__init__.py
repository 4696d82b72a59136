"""Run the pipeline unattended, and report when that can't be done."""
