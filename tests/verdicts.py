"""Verdicts made by hand, one of every kind that a page shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict

from appliance.engine import EngineIdentity
from appliance.reasons import Reason, ReasonCode
from appliance.study import PatientIdentity, SeriesSummary, StudySummary
from appliance.verdict import Colour, ModelIdentity, RejectedSeries, SlabScore, Timings, Verdict, Zone

SCORES = (0.02, 0.04, 0.31, 0.93, 0.71, 0.22, 0.05, 0.01)

PATIENT = PatientIdentity("SIM-0001", "Mogi^Hanako=模擬^花子=もぎ^はなこ", "19500102", "F", "076Y")
SOFT = SeriesSummary("1.2.3.2", 3, "Head 5.0 soft", "CT", "SIMULATED", 32, 5.0, 5.0, 0.0)
SCOUT = SeriesSummary("1.2.3.1", 1, "Scout <b>", "CT", "SIMULATED", 2)
BONE = SeriesSummary("1.2.3.3", 4, "Head 1.0 bone", "CT", "SIMULATED", 160, 1.0, 1.0, 0.0)

REFUSED = Verdict(
    colour=Colour.REFER,
    reasons=(Reason(ReasonCode.CONTRAST),),
    model=ModelIdentity("slice-alexnet", "0.1.0", "5f" * 32),
    engine=EngineIdentity("onnxruntime 1.19.2", "CPU, 2 threads", "fp32"),
    operating_point=0.35,
    patient=PATIENT,
    study=StudySummary("1.2.3", "2026-02-03", "04:05", 3),
    series=SOFT,
    rejected=(
        RejectedSeries(SCOUT, (Reason(ReasonCode.LOCALIZER_ONLY),)),
        RejectedSeries(BONE, (Reason(ReasonCode.BONE_KERNEL_ONLY), Reason(ReasonCode.TOO_FEW_SLICES, {"count": 6}))),
    ),
    timings=Timings(180.4, 12.3, 240.1, None, None, 433.0),
)
RED = replace(
    REFUSED,
    colour=Colour.RED_BLACK,
    reasons=(
        Reason(ReasonCode.ABOVE_OPERATING_POINT, {"zone": 4}),
        Reason(ReasonCode.UNREADABLE_FILES, {"count": 2}),
    ),
    urgent_probability=0.94,
    zones=tuple(
        Zone((17.5 * i - 70, 17.5 * i - 52.5), SlabScore(17.5 * i - 61, f"1.2.3.2.{i}", score))
        for i, score in enumerate(SCORES)
    ),
    timings=Timings(180.4, 12.3, 240.1, 61.0, 95.2, 589.0),
)
GREEN = replace(
    RED,
    colour=Colour.GREEN_YELLOW,
    reasons=(Reason(ReasonCode.BELOW_OPERATING_POINT),),
    urgent_probability=0.07,
    zones=tuple(Zone(zone.zone_mm, replace(zone.slab, probability=zone.slab.probability / 12)) for zone in RED.zones),
)
SEVERAL = replace(
    REFUSED,
    reasons=(Reason(ReasonCode.SEVERAL_PATIENTS, {"count": 2}),),
    patient=None,
    study=None,
    series=None,
    rejected=(),
    choices=(StudySummary("1.2.3.9", "2026-02-03", "04:05", 3), StudySummary("1.2.4.9", "2026-02-04", "", 2)),
)
VERDICTS: Dict[str, Verdict] = {"red": RED, "green": GREEN, "refer": REFUSED, "several": SEVERAL}
