"""The Azure and Entra rules, one file each."""
