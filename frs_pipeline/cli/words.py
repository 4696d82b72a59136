"""Words that several commands print in both languages."""

from frs_pipeline.language import Text

# What came of comparing a figure with the printed one.
VERDICTS = {
    "equal": Text("det samme", "equal"),
    "differs": Text("afviger", "differs"),
    "not reproducible": Text("kan ikke genskabes", "not reproducible"),
}


def in_one(message: str) -> Text:
    """Return a rule's message, which the quarantine holds in Danish and English, as a text; as it is where it isn't both."""
    danish, apart, english = message.partition(" / ")
    return Text(danish, english) if apart and " / " not in english else Text(message, message)
