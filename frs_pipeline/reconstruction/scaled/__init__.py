"""Make many times as many made-up forms, for measurements."""
