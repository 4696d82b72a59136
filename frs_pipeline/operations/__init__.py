"""What runs the pipeline without a hand, and tells when it can't."""
