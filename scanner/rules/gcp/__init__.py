"""One file per GCP rule, and what they share."""
