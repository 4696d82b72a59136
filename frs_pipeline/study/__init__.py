"""Models of the YAML files that describe a study, and where the shipped study lies."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
# The study whose forms are shipped: beside the package in the project's folder, inside it where only that is installed.
SHIPPED = (
    next((folder for folder in (_PACKAGE / "studies", _PACKAGE.parent / "studies") if folder.is_dir()), _PACKAGE.parent)
    / "familieraadslagning"
)
