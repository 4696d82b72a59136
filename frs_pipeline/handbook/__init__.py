"""Make the pages of the documentation that come from code and data."""
