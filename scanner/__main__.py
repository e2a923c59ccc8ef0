"""`python -m scanner` is `porter-audit`."""

from __future__ import annotations

import sys

from scanner.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
