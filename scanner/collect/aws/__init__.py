"""One AWS account, read call by call with the allow-list at the door."""
