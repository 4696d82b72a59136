"""Disclosure control: the tables that may leave the house, and an attack on them before they do."""
