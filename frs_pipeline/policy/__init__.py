"""What a delivery may hold and lose: the rules, how severe each is, and the thresholds."""
