"""What FRS_LOG=json changes in a process, put back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def logging_kept() -> Iterator[None]:
    """Loggers and warnings are afterwards as they were before."""
    kind, handlers = logging.getLoggerClass(), list(logging.getLogger().handlers)
    try:
        yield
    finally:
        logging.setLoggerClass(kind)
        logging.captureWarnings(False)
        logging.getLogger().handlers[:] = handlers
