"""Does Porter have, in my cloud, only what Porter documents?"""

from __future__ import annotations

__version__ = "0.1.0"
