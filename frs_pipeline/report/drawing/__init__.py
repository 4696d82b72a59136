"""Figures as drawings: what a figure shows goes in as numbers and texts, two drawings come out, one wide and one narrow."""
