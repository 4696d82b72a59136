"""Which assets a run makes of what is due, whoever starts it."""

from collections.abc import Collection

from dagster import AssetKey

from frs_pipeline.assets.manifest import manifest
from frs_pipeline.assets.privacy import privacy
from frs_pipeline.assets.raw import raw_files
from frs_pipeline.assets.wiring import key_of
from frs_pipeline.store.plan import AssetPath


def chosen(products: Collection[AssetPath], *, complete: bool) -> list[AssetKey]:
    """These products, with the inventory before and the search after them; the manifest if nothing else is out of date."""
    return [
        *(key_of(key) for key in sorted(products)),
        *sorted(raw_files.keys),
        *privacy.keys,
        *(manifest.keys if complete else ()),
    ]
