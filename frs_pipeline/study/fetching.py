"""Where a study's surveys are fetched from: `fetch` of study.yaml. The engine knows no address, format or survey of its own."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from frs_pipeline.study.spec import Spec

# Nothing that would change which address it is: no login, no query, no fragment, and no blank.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~-]+)*/?")


def _address(text: str) -> str:
    """Check an address, and return it without a slash at its end. The error doesn't repeat it: it might hold a login."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port  # a port that can't be one raises ValueError
    except ValueError:
        host = None
    if not _ADDRESS.fullmatch(text) or not host:
        raise ValueError("it is https://HOST/PATH, without a login, a question mark or a blank")
    if parts.scheme != "https" and not on_this_machine(host):
        raise ValueError("it begins with https://, since forms and a login go over it")
    return text.rstrip("/")


def on_this_machine(host: str) -> bool:
    """Return whether a host is this machine itself, by a number that no name server has a say in."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Fetch(Spec):
    """What `frs fetch` asks: the `surveys` by questionnaire, at an address, in a format and a language.

    `daily` is the time of day, in Copenhagen, at which Dagster fetches all of them. An answer that isn't complete within
    `seconds`, or is larger than `megabytes` (of 10^6 bytes), is given up.
    """

    address: Annotated[str, AfterValidator(_address)]
    format: Literal["EU", "INTL_US"]
    language: Literal["da", "en"]
    surveys: Annotated[dict[str, Annotated[int, Field(gt=0)]], Field(min_length=1)]
    daily: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None
    seconds: Annotated[int, Field(gt=0, le=86_400)] = 600
    megabytes: Annotated[int, Field(gt=0, le=10_000)] = 500

    @property
    def host(self) -> str:
        """The only host that is asked."""
        return urlsplit(self.address).hostname or ""
