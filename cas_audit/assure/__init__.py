"""What makes findings count: seals, answers, statements and the gate."""
