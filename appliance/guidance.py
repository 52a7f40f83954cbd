"""What the appliance says to whoever holds a camera before a screen: a closed list, as that of a verdict's reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, Mapping, Optional, Tuple

from appliance.reasons import Reason, ReasonCode


class GuidanceCode(str, Enum):
    """What is said. `GUIDANCE` holds the words."""

    NO_SCREEN = "no_screen"
    CUT = "cut"
    HEAD_CUT = "head_cut"
    CLOSER = "closer"
    HOLD_STILL = "hold_still"
    REFLECTION = "reflection"
    TOO_BRIGHT = "too_bright"
    ANEW = "anew"
    SCROLL = "scroll"
    SLOWER = "slower"
    TO_BASE = "to_base"
    TO_VERTEX = "to_vertex"
    DONE = "done"
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
    GuidanceCode.NO_SCREEN: "No CT is seen. Point the camera at the screen",
    GuidanceCode.CUT: "Part of the CT is outside the picture. Turn the camera to it, or move it back",
    GuidanceCode.HEAD_CUT: "The head is cut off at the picture's border. Press Cancel, show the whole head, "
    "and begin again on a slice in its middle",
    GuidanceCode.CLOSER: "Closer, or enlarge the CT on the screen",
    GuidanceCode.HOLD_STILL: "Hold the camera still",
    GuidanceCode.REFLECTION: "A reflection stays on the CT. Turn the camera a little, or put out the lamp",
    GuidanceCode.TOO_BRIGHT: "Too bright: blood looks like bone. Tap on bright bone in the picture, "
    "or lower the camera's exposure",
    GuidanceCode.ANEW: "The CT was found in another place, so the count began again. "
    "Scroll through the whole series once more",
    GuidanceCode.SCROLL: "Scroll slowly through the whole series",
    GuidanceCode.SLOWER: "More slowly: scroll back, and rest on each slice",
    GuidanceCode.TO_BASE: "Scroll on to the base of the skull; if this is the first slice, press Finished",
    GuidanceCode.TO_VERTEX: "Scroll on to the top of the head; if this is the last slice, press Finished",
    GuidanceCode.DONE: "The whole brain was seen: press Finished",
    GuidanceCode.TILES_SEEN: "Slices seen: %(count)s. Take the picture",
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
    place : tuple of tuple of float
        Corners of what is looked at: x and y as shares of the frame. Empty where that is nothing, or all of it.
    reason : Reason or None
        Of a refusal.
    """

    code: GuidanceCode
    values: Mapping[str, Any] = field(default_factory=dict)
    place: Tuple[Tuple[float, float], ...] = ()
    reason: Optional[Reason] = None

    def to_json(self) -> Dict[str, Any]:
        """Return it as the store keeps it."""
        return {
            "code": self.code.value,
            "values": dict(self.values),
            "place": self.place,
            "reason": {"code": self.reason.code.value, "values": dict(self.reason.values)} if self.reason else None,
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Guidance:
        """Return what `to_json` was made of."""
        reason = document["reason"]
        return Guidance(
            GuidanceCode(document["code"]),
            document["values"],
            tuple((x, y) for x, y in document["place"]),
            Reason(ReasonCode(reason["code"]), reason["values"]) if reason else None,
        )


def refusal(reason: Reason) -> Guidance:
    """Say why a picture cannot be read."""
    return Guidance(GuidanceCode.REFUSED, reason=reason)
