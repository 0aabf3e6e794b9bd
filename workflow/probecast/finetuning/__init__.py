"""Fine-tuning compared: predicted settings beside settings that somebody chose by hand."""
