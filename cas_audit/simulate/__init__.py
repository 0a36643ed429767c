"""The synthetic city: a feed that looks real, and the truth behind it kept apart."""
