"""What people call the browser that a ``User-Agent`` header describes (RFC 9110 section 10.1.5).

Browsers name others too, to be served alike: Edge says Chrome and Safari, Android says Linux. So the first name of each
list below that stands in the header is the one that is meant.
"""

from __future__ import annotations

import re
from typing import Optional, Sequence, Tuple

_Names = Sequence[Tuple[str, str]]

_BROWSERS: _Names = (
    ("Edg(e|A|iOS)?/", "Edge"),
    ("OPR/|OPT/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|Chromium/|CriOS/", "Chrome"),
    ("Version/.* Safari/", "Safari"),
)
_SYSTEMS: _Names = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),  # an iPad says so too, where it asks for pages as a computer does
    ("Linux|X11", "Linux"),
)


def browser_and_system(user_agent: str) -> Tuple[Optional[str], Optional[str]]:
    """Name the browser and what it runs on, each None where the header does not say.

    >>> browser_and_system("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    ('Firefox', 'Linux')
    """
    return _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)


def _first(names: _Names, user_agent: str) -> Optional[str]:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), None)
