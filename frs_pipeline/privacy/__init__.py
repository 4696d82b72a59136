"""What must not leave the restricted zone, and whether it did."""
