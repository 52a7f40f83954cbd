"""The camera of a page's own device: frames that the page sent, as a source like any other camera."""

from __future__ import annotations

import time
from typing import Iterator, Union

from appliance.camera.photograph_files import decode_frame
from appliance.camera.sources import Frame, FrameSource, Trouble, TroubleKind
from appliance.reasons import Refused
from appliance.store.frames import Frames

_PERIOD_S = 0.02
_STALE_S = 0.5
"""Without a frame for so long the page sends none."""


class BrowserFrames(FrameSource):
    """Frames as they come, oldest first; it never ends.

    Parameters
    ----------
    frames : Frames
        Where the page puts them.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[Union[Frame, Trouble]]:
        """Yield each frame, and a `Trouble` for every half second without one."""
        since = time.monotonic()
        while True:
            found = self._frames.take()
            if found is None:
                if time.monotonic() - since > _STALE_S:
                    since = time.monotonic()
                    yield Trouble(TroubleKind.NO_PICTURES)
                time.sleep(_PERIOD_S)
                continue
            since = time.monotonic()
            try:
                picture = decode_frame(found.jpeg, str(found.number))
            except Refused:
                continue  # the next one comes in a moment
            yield Frame(picture, found.taken_s, found.number)
