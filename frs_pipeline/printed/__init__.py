"""Compare a delivery's figures with those that were printed, and audit the printed ones."""
