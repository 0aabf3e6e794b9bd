"""What a tuner is, what drives it, and where it may buy trials."""
