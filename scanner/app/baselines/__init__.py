"""Use cases of documented versions: listing, choosing, importing from a page, lint and diff."""
