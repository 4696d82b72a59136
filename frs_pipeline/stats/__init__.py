"""Pure statistics on counts: gamma, partial gamma, percentages, SPSS's rounding and contingency files."""
