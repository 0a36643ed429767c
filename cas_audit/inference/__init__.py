"""The statistics of places: pure arrays, which know nothing of tables, checks or dossiers."""
