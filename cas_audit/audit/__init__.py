"""What is audited and what is found: the dossier, the checks, the findings."""
