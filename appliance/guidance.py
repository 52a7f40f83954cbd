"""What the appliance says to whoever holds a camera before a screen: a closed list, as that of a verdict's reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, Mapping, Optional, Tuple

from appliance.verdict import Reason, ReasonCode


class GuidanceCode(str, Enum):
    """What is said. `GUIDANCE` holds the words."""

    NO_SCREEN = "no_screen"
    CLOSER = "closer"
    FURTHER = "further"
    STRAIGHTER = "straighter"
    HOLD_STILL = "hold_still"
    REFLECTION = "reflection"
    BLURRED = "blurred"
    TO_THE_BASE = "to_the_base"
    SCROLL_ON = "scroll_on"
    SLOWER = "slower"
    ALL_SEEN = "all_seen"
    TILES_SEEN = "tiles_seen"
    TAKING = "taking"
    TAKEN = "taken"
    NOTHING_YET = "nothing_yet"
    REFUSED = "refused"
    """A picture cannot be read, for the reason that `Guidance.reason` gives."""
    CAMERA_NOT_THERE = "camera_not_there"
    CAMERA_NO_PICTURES = "camera_no_pictures"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_RESIZED = "camera_resized"


GUIDANCE: Mapping[GuidanceCode, str] = {
    GuidanceCode.NO_SCREEN: "No CT on a screen is seen. Point the camera at the screen.",
    GuidanceCode.CLOSER: "Closer",
    GuidanceCode.FURTHER: "Further away",
    GuidanceCode.STRAIGHTER: "More from the front",
    GuidanceCode.HOLD_STILL: "Hold still",
    GuidanceCode.REFLECTION: "Reflection here: move a little to the side, or shade the screen",
    GuidanceCode.BLURRED: "Not sharp: wipe the lens and let the camera focus",
    GuidanceCode.TO_THE_BASE: "Scroll to the lowest slice, and rest there",
    GuidanceCode.SCROLL_ON: "Scroll on to the top of the head",
    GuidanceCode.SLOWER: "More slowly: rest on each slice",
    GuidanceCode.ALL_SEEN: "The whole head was seen: press Finished",
    GuidanceCode.TILES_SEEN: "%(count)s slices are seen: take the picture",
    GuidanceCode.TAKING: "Hold still, the picture is being taken",
    GuidanceCode.TAKEN: "Taken. Show the next slices, or press Finished",
    GuidanceCode.NOTHING_YET: "No slice was found yet: go on, then press Finished",
    GuidanceCode.CAMERA_NOT_THERE: "The camera does not answer. Check that it is plugged in and switched on.",
    GuidanceCode.CAMERA_NO_PICTURES: "The camera gives no pictures. Check its cable.",
    GuidanceCode.CAMERA_FROZEN: "The camera gives the same picture again and again. Unplug it and plug it in again.",
    GuidanceCode.CAMERA_RESIZED: "The camera's pictures have another size now. Show the series again from its start.",
}
"""What a page says of each but a refusal, which has the words of its reason."""


@dataclass(frozen=True)
class Guidance:
    """What is said of one frame.

    Attributes
    ----------
    code : GuidanceCode
        What.
    values : mapping of str to str or int
        What its sentence names.
    place : tuple of float or None
        Left, top, width and height of what it speaks of, as shares of the frame.
    reason : Reason or None
        Of a refusal.
    """

    code: GuidanceCode
    values: Mapping[str, Any] = field(default_factory=dict)
    place: Optional[Tuple[float, float, float, float]] = None
    reason: Optional[Reason] = None

    def to_json(self) -> Dict[str, Any]:
        """Return it as the store keeps it."""
        return {
            "code": self.code.value,
            "values": dict(self.values),
            "place": list(self.place) if self.place else None,
            "reason": {"code": self.reason.code.value, "values": dict(self.reason.values)} if self.reason else None,
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Guidance:
        """Return what `to_json` was made of."""
        place, reason = document["place"], document["reason"]
        return Guidance(
            GuidanceCode(document["code"]),
            document["values"],
            (place[0], place[1], place[2], place[3]) if place else None,
            Reason(ReasonCode(reason["code"]), reason["values"]) if reason else None,
        )


def refusal(reason: Reason) -> Guidance:
    """Say why a picture cannot be read."""
    return Guidance(GuidanceCode.REFUSED, reason=reason)
