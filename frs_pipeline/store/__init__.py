"""Files of an installation: where they are, what is made from what, and what is out of date."""
