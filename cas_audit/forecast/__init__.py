"""The forecast: panel, features, models and how well they do."""
