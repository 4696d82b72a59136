"""Produced files: written whole or not at all, each saying where it comes from; and what is up to date.

`pyarrow` is imported inside the functions: a run with nothing to do only hashes files.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from frs_pipeline.errors import CheckFailed, FrsError, InputError
from frs_pipeline.store.code import code_hash
from frs_pipeline.store.deliveries import DESCRIPTION, beside, decisions, deliveries, describe, inventory, sha256
from frs_pipeline.store.plan import AssetPath, Origin, Product, definition_hash, products, together_products
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import is_together, parts_of
from frs_pipeline.study import Study, derived
from frs_pipeline.study.spec import YamlFile

if TYPE_CHECKING:
    import pyarrow as pa

    from frs_pipeline.store.rows import Rows

ORIGIN = b"frs:origin"
CONTENT = b"frs:content"
MANIFEST = "manifest.json"
# Beside the results, in the curated folder of a delivery: what may be published.
RELEASE = "release"
# Beside the deliveries: what was released, for anybody to read.
REGISTER = "release-register.html"
# In its restricted folder: results that were moved aside because the search found something in them.
LEAKED = "leaked"
# Beside it: texts as coders read them.
SHEETS = "coding"


class MartFile(NamedTuple):
    """A file with forms of a mart, all from one delivery; those count that none of the `newer` files has again."""

    delivery: str
    path: Path
    newer: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Store:
    """The files of one delivery, or of several that are counted as one: where they are, and what they come from."""

    settings: Settings
    delivery: str

    @property
    def study(self) -> Study:
        return self.settings.study

    @property
    def refreshed_by(self) -> str:
        """The command that refreshes it."""
        return f"frs run --{'together' if is_together(self.delivery) else 'delivery'} {self.delivery}"

    @property
    def products(self) -> dict[AssetPath, Product]:
        """All produced files in an order in which they can be made."""
        return together_products(self.study) if is_together(self.delivery) else products(self.study)

    def parts(self) -> list[Store]:
        """List the deliveries that are counted as one here, the oldest first; none where this is a delivery."""
        names = parts_of(self.settings, self.delivery) if is_together(self.delivery) else ()
        return [Store(self.settings, name) for name in names]

    def each(self) -> list[Store]:
        """List the deliveries that hold the forms: the parts, or this one itself."""
        return self.parts() or [self]

    def marts(self, name: str) -> list[MartFile]:
        """List the files that hold a mart's forms, the oldest delivery first."""
        if not is_together(self.delivery):
            return [MartFile(self.delivery, self.file("marts", name))]
        if ("marts", name) not in self.products:  # conferences: one that several have stands in each
            return [MartFile(part.delivery, part.file("marts", name)) for part in self.parts()]
        again = {row["delivery"]: row["again"] for row in read(self.file("marts", name)).to_pylist()}
        files = [MartFile(part.delivery, part.file("marts", name)) for part in self.parts()]
        newer = {file.delivery: tuple(other.path for other in files[at:]) for at, file in enumerate(files, start=1)}
        return [file._replace(newer=newer[file.delivery]) if again[file.delivery] else file for file in files]

    def path(self, product: Product) -> Path:
        zone = self.settings.restricted if product.zone == "restricted" else self.settings.curated
        return zone(self.delivery) / product.path

    def file(self, *key: str) -> Path:
        """Return the file of a product, by the parts of its key."""
        return self.path(self.products[key])

    def raw(self, name: str) -> Path:
        return self.settings.raw_delivery(self.delivery) / name

    def decided(self, name: str) -> Path:
        """Return the place of what people decided about the delivery after it had come."""
        return self.settings.decided(self.delivery) / name

    def waiting(self) -> Path:
        """Return where a step may put what doesn't fit into memory: among what carries conference numbers."""
        folder = self.settings.restricted(self.delivery)
        private_folder(folder, self.settings.restricted_zone)
        return folder

    def pages(self, product: Product) -> list[Path]:
        """List the pages that come with a product, as they are now."""
        folder = self.path(product).parent / product.pages
        return sorted(path for path in folder.rglob("*") if path.is_file()) if product.pages else []

    @property
    def root(self) -> str | None:
        """The root of the finished result; None before the first, and while only a part was made since."""
        root = read_manifest(self).get("root")
        return root if isinstance(root, str) else None

    def others(self) -> list[Store]:
        """List the deliveries whose results are read for this one, the oldest first: its parts; or those that it may be
        compared with, all before it or the one that it names."""
        if is_together(self.delivery):
            return self.parts()
        named = describe(self.study, self.raw("")).predecessor
        names = {*deliveries(self.settings.raw), *deliveries(self.settings.curated(""))}
        return [Store(self.settings, name) for name in ([named] if named else sorted(names)) if name < self.delivery]

    def predecessor(self) -> Store | None:
        """Find the delivery that this one is compared with: the one that its description names, else the newest older one.

        One without a finished result has nothing to compare with: in order of date it is skipped, and it raises
        `InputError` where it is named. Several deliveries together are compared with none.
        """
        if is_together(self.delivery):
            return None
        older = next((older for older in reversed(self.others()) if older.root), None)
        named = describe(self.study, self.raw("")).predecessor
        if named and not older:
            what = f"delivery {named}, which this one is to be compared with, has no finished result"
            do = f"{Store(self.settings, named).refreshed_by} first, or name another delivery"
            raise YamlFile(self.raw(DESCRIPTION["description"])).error(["predecessor"], what, do)
        return older

    def origin(self, product: Product) -> Origin:
        """Return what `product` would come from if it were made now."""
        inputs: dict[str, str] = {}
        if product.raw:
            files = inventory(self.study, self.raw(""), product.raw)
            inputs = {f"raw/{name}": file.sha256 for name, file in files.items()}
        inputs |= {f"raw/{name}": value for name, value in beside(self.raw(""), product.beside).items()}
        inputs |= {f"decided/{name}": value for name, value in decisions(self.decided(""), product.decided).items()}
        for key in product.inputs:
            # The rows of an input count, not its file: that also records its own origin, and the same forms delivered in
            # another way must give the same files from here on.
            inputs[self.products[key].name] = self.recorded(self.products[key], CONTENT) or ""
        older = self.predecessor() if product.previous else None
        for other in [older] if older else self.parts() if product.parts else []:
            inputs[f"{other.delivery}/root"] = other.root or ""
            for source in (products(self.study)[key] for key in product.previous or product.parts):
                inputs[f"{other.delivery}/{source.name}"] = other.recorded(source, CONTENT) or ""
        if product.pages or product.named:
            inputs["delivery"] = self.delivery  # pages say which one they are about
        return Origin(inputs, definition_hash(self.study, product.definitions), code_hash(product.module))

    def recorded(self, product: Product, what: bytes = ORIGIN) -> str | None:
        """Return what the file of a product says about itself, as `recorded`; several steps of a run ask for it."""
        path = self.path(product)
        try:
            stat = path.stat()
        except OSError:
            return None
        return _recorded_of(self.study, path, what, (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))

    def require(self, product: Product, origin: str) -> None:
        """Raise `CheckFailed` unless `product` would be made from this origin now: another process may find something else."""
        if self.origin(product).as_json() != origin:
            raise CheckFailed(f"{product.name}: made from something else meanwhile", where=self.delivery, do="run it again")

    def write(self, product: Product, rows: pa.Table | Rows) -> Path:
        """Write a product with its origin in the file's metadata; the old file stays until the new one is whole."""
        import pyarrow.parquet as pq

        from frs_pipeline.store.rows import batches_of, content_hash

        metadata = {ORIGIN: self.origin(product).as_json().encode(), CONTENT: content_hash(rows).encode()}
        schema = rows.schema.with_metadata(metadata)
        path = self.path(product)
        private = product.zone == "restricted"
        if private:
            private_folder(path.parent, self.settings.restricted_zone)
        with (
            atomic(path, private=private) as file,
            pq.ParquetWriter(file, schema, compression="zstd", store_schema=True) as writer,
        ):
            for batch in batches_of(rows):
                # Each batch is a row group: small enough to stream, and the same whatever memory there is.
                writer.write_batch(batch.replace_schema_metadata(metadata))
        return path

    def write_pages(self, product: Product, pages: Mapping[str, bytes]) -> None:
        """Write the pages that come with a product, by their names, as `pages_to_fill`."""
        with self.pages_to_fill(product, pages) as places:
            for name, content in pages.items():
                places[name].write_bytes(content)

    @contextmanager
    def pages_to_fill(self, product: Product, names: Iterable[str]) -> Iterator[dict[str, Path]]:
        """Yield, by name, files to be filled with the pages that come with a product.

        They take their places when all are filled; anything else in their folder is removed. They come before the product
        itself: until that is written again, its old origin shows that the work isn't done.
        """
        folder = self.path(product).parent / product.pages
        with ExitStack() as stack:
            files = {name: stack.enter_context(atomic(folder / name)) for name in names}
            yield {name: Path(file.name) for name, file in files.items()}
        for path in set(self.pages(product)) - {folder / name for name in files}:
            path.unlink()


def read(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a product's rows, without the file's metadata; only these columns, if given."""
    import pyarrow.parquet as pq

    # Not pq.read_table, which imports pandas first even for a single file.
    with pq.ParquetFile(path) as file:
        rows = file.read(columns=columns).replace_schema_metadata(None)
    return rows if columns is None else rows.select(columns)


def forms_in(file: MartFile, columns: list[str]) -> pa.Table:
    """Read these columns of a mart's forms, without those that newer files have again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not file.newer:
        return read(file.path, columns)
    theirs = pa.concat_tables([read(path, ["form_id"]) for path in file.newer])
    mine = read(file.path, list(dict.fromkeys(["form_id", *columns])))
    return mine.filter(pc.invert(pc.is_in(mine["form_id"], value_set=theirs["form_id"]))).select(columns)


def stream(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield a product's rows without the file's metadata, some at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group).replace_schema_metadata(None).combine_chunks().to_batches()


def schema_of(path: Path) -> pa.Schema:
    """Return a product's columns, without the file's metadata."""
    import pyarrow.parquet as pq

    return pq.read_schema(path).remove_metadata()


def rows_in(path: Path) -> int:
    """Return how many rows a product has."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


@contextmanager
def atomic(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Open a file that appears under `path` only when complete and on disk; if `private`, only its owner may read it.

    Raises `FrsError` in one line when the folder is read-only or the disk full; the old file then stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise unwritable(error, path.parent, "put the folder right; nothing was lost") from error
    temporary = Path(name)
    try:
        os.close(handle)
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o600 if private else 0o644)
        temporary.replace(path)
    except OSError as error:
        raise unwritable(error, path, "make room; the last good file stays") from error
    finally:
        temporary.unlink(missing_ok=True)


def unwritable(error: OSError, path: Path, do: str) -> FrsError:
    """Make the error for a place that can't be written to: `do` applies unless a folder is in a file's place or vice versa."""
    if isinstance(error, IsADirectoryError):
        return InputError("cannot be written: a folder lies in its place", where=path, do="move the folder away")
    if isinstance(error, NotADirectoryError | FileExistsError):
        return InputError("cannot be written: a file lies where a folder belongs", where=path, do="move the file away")
    return FrsError(f"cannot be written: {error.strerror}", where=path, do=do)


def write_together(contents: Mapping[Path, bytes], ready: Callable[[], object] = lambda: None) -> None:
    """Write several files, all of them or none. Raises `FrsError` as `atomic` does; every old file then stays.

    `ready` is called when all are complete on disk, and none has taken its place yet.
    """
    try:
        before = {path: path.read_bytes() if path.exists() else None for path in contents}
    except OSError as error:
        raise FrsError(f"cannot be read: {error.strerror}", where=error.filename, do="check the file's rights") from error
    try:
        # All are complete and on disk before the first takes its place.
        with ExitStack() as stack:
            for path, content in contents.items():
                file = stack.enter_context(atomic(path))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            ready()
    except BaseException:
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != old:
                with atomic(path) as file:
                    file.write(old)
        raise


def private_folder(folder: Path, zone: Path) -> None:
    """Make a folder in the restricted `zone` (or the zone) that only its owner can enter, and so all between the two."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place in (folder, *folder.parents):
            if place.is_relative_to(zone):
                place.chmod(0o700)
    except OSError as error:
        raise unwritable(error, folder, "correct the folder's rights") from error


def recorded(path: Path, what: bytes = ORIGIN) -> str | None:
    """Return what a produced file says about itself, ORIGIN or CONTENT; None when it is missing or unreadable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None
    value = metadata.get(what)
    return value.decode() if value else None


@derived
def _recorded_of(_: Study, path: Path, what: bytes, _looks: tuple[int, ...]) -> str | None:
    return recorded(path, what)


def stale(store: Store, *, finished: bool = True) -> set[AssetPath]:
    """Find products that are missing, altered, or made from other inputs, definitions or code than today's.

    Unless `finished`, also accept files that an interrupted run wrote, which the manifest does not list yet.
    """
    outdated: set[AssetPath] = set()
    known = read_manifest(store).get("outputs", {})
    behind = any(part.root is None or stale(part) for part in store.parts())
    for product in store.products.values():
        path = store.path(product)
        if (
            outdated.intersection(product.inputs)
            or (behind and product.parts)
            or not path.exists()
            or (finished and not as_noted(store, product, known))
            or store.recorded(product) != store.origin(product).as_json()
        ):
            outdated.add(product.key)
    return outdated


def hashes(store: Store, product: Product) -> dict[str, str]:
    """Hash a product's file and its pages, by their names in the manifest."""
    return {listed(store, path): sha256(path) for path in (store.path(product), *store.pages(product))}


def as_noted(store: Store, product: Product, known: dict[str, str]) -> bool:
    """Return whether a product's file and its pages, no more and no fewer, are those that the manifest lists."""
    return store.path(product).exists() and hashes(store, product) == noted(store, product, known)


def noted(store: Store, product: Product, known: dict[str, str]) -> dict[str, str]:
    """Return what the manifest says about a product's file and pages; nothing if it lacks pages that there should be."""
    path = store.path(product)
    name = listed(store, path)
    own = {name: known[name]} if name in known else {}
    if not product.pages:
        return own
    folder = listed(store, path.parent / product.pages)
    pages = {name: value for name, value in known.items() if name.startswith(f"{folder}/")}
    return {**own, **pages} if pages else {}


def read_manifest(store: Store) -> dict[str, Any]:
    """Read manifest.json of the last finished run; empty before the first, or when it can't be read."""
    try:
        content = json.loads((store.settings.curated(store.delivery) / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    with atomic(path) as file:
        file.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def unlisted(store: Store, name: str) -> Path:
    """Return where the file lies that the manifest lists under this name; the reverse of `listed`."""
    return store.settings.data / name.replace("/", f"/{store.delivery}/", 1)


def listed(store: Store, path: Path) -> str:
    """Return a produced file's name in the manifest, the same wherever the data folder is."""
    return path.relative_to(store.settings.data).as_posix().replace(f"/{store.delivery}/", "/", 1)
