"""``triage camera`` as tests start it."""

from __future__ import annotations

import subprocess
from typing import Callable

Start = Callable[..., "subprocess.Popen[str]"]
