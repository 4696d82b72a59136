"""Readers of delivered files: exports, ledger; and what makes a form acceptable."""
