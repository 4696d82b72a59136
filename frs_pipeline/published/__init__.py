"""What the report printed, as data; comparing with it and auditing it."""
