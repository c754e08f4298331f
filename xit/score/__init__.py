"""Model and rows → scores per language, 0-100."""
