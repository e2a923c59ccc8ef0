"""Where a scan reads from: a live account, a stored snapshot or an export, cloud by cloud."""
