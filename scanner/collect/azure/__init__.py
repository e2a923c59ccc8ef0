"""Azure subscriptions and their Entra tenant, read call by call with the allow-list at the door."""
