"""The four instruments as data, and what is made from them."""

INSTRUMENTS = ("participant_first", "participant_followup", "initiator", "coordinator")
