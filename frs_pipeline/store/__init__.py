"""Files of an installation: where they lie, what is made from what, and what is out of date."""
