"""Read delivered files (exports and ledger), and decide which forms are acceptable."""
