"""Numbers with what they count, as English has it: `1 form`, `2 forms`."""


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun (and verb); `many` where it isn't `one` with an s, as in `1 entry`, `2 entries`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
