"""A family withdraws: which forms are meant, what it changes, and how they are left out or erased."""
