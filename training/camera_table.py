"""What the camera route loses, as a table of the model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.model_card import show
from training.workspace import DEVELOPMENT, HELD_OUT

COLUMNS = (
    "photographs",
    "network",
    "area under the curve, files",
    "photographs",
    "difference",
    "of those not refused, files",
    "photographs",
    "sensitivity at the files' specificity, difference",
    "refused",
    "bleeding but green, files",
    "photographs",
)

FAMILIES = {
    DEVELOPMENT: "other viewers, looked at in development",
    HELD_OUT: "of kinds never trained on",
}
NETWORKS = {"released": "released", "naive": "never saw a photograph, read as files are"}


def camera_table(routes: Mapping[str, Any], gate: Mapping[str, Any] | None) -> dict[str, Any]:
    """Write what `training.routes.compare` measured as a table of the model card.

    Parameters
    ----------
    routes : mapping
        By family of photographs and network.
    gate : mapping or None
        What `training.gated.gate_document` gave.

    Returns
    -------
    dict
        ``title, columns, rows, note, command``.
    """
    rows = [
        (
            FAMILIES[family],
            NETWORKS[network],
            show(found["files"]["auc"]),
            show(found["photographs"]["auc"]),
            show(found["auc_difference"], 3),
            show(found["files"]["auc_of_judged"]),
            show(found["photographs"]["auc_of_judged"]),
            show(found["sensitivity_difference"], 3),
            show(found["refused"]),
            show(found["files"]["bleeding_but_green"]),
            show(found["photographs"]["bleeding_but_green"]),
        )
        for family, networks in routes.items()
        for network, found in networks.items()
    ]
    note = (
        "**All photographs are simulated** (`training/screen`): consoles, screens, rooms and cameras are drawn by a "
        "program; no real photograph of a screen was used. Each study is shown on a console page by page, "
        "photographed, found, flattened and read as the appliance does; a page whose photograph is refused, "
        "or of which fewer slices are read than it shows, is taken again, four times at most: from nearer where slices "
        "are too small, with less light where it was too bright. What is too small from nearer, or cannot be read from "
        "there, is shown with fewer slices on a page. A study that is refused, or of which a slice is missed, counts "
        "as the wrong answer on either side. "
        "Networks have not seen the patients that they judge here. The calibration is of photographs of the viewers "
        "looked at in development, of other patients."
    )
    if HELD_OUT not in routes:
        note += (
            " **This is a development estimate**: consoles, rooms and cameras of kinds that nothing has learned from, "
            "which are kept for the end, were not photographed yet."
        )
    return {
        "title": "Photographs of a screen, simulated",
        "columns": COLUMNS,
        "rows": rows,
        "note": f"{note} {_gate(gate)}" if gate else note,
        "command": "triage-train routes --work W",
    }


def _gate(gate: Mapping[str, Any]) -> str:
    unseen = gate["unseen"]
    kinds = "kinds and patients" if gate["unseen_family"] == HELD_OUT else "viewers"
    return (
        f"The gate refused {show(unseen['bad_refused'])} of the {unseen['bad_photographs']} photographs that mislead "
        f"the network (slices misjudged by {gate['bad_from']:.1f} in log-odds or more on average) and "
        f"{show(unseen['good_refused'])} of the {unseen['good_photographs']} good ones "
        f"(up to {gate['good_up_to']:.1f}), of {unseen['photographs']} of {kinds} that it was not fitted to "
        f"(`triage-train gate --work W --unseen {gate['unseen_family']}`)."
    )
