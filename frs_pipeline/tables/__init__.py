"""The catalogue of tables as data, and how a table is counted from a mart."""
