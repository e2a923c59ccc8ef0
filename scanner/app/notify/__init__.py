"""`notify`: what changed, told once to each channel."""
