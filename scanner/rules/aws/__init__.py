"""Rules about an AWS account."""
