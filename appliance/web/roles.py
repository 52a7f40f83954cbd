"""Which role each route asks for: one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional

from appliance.store.people import Role

NEWS = "wall.events"
"""A page that listens asks for this by itself: it says nothing of whether anybody is there."""


@dataclass(frozen=True)
class Rule:
    """What a route asks of whoever calls it.

    Attributes
    ----------
    least : Role or None
        The least role; None for everybody on the network.
    personal : bool
        Whether it is about the person who calls, so that it takes one even where no login is needed.
    streams : bool
        Whether it reads its body itself, and with it the form's token where no script sent that in a header.
    """

    least: Optional[Role]
    personal: bool = False
    streams: bool = False


ROUTES: Mapping[str, Rule] = {
    "static": Rule(None),
    "_health": Rule(None),
    "login.setup": Rule(None),
    "login.log_in": Rule(None),
    "login.take_code": Rule(None),
    "login.log_out": Rule(Role.DOCTOR, personal=True),  # a passer-by must not put a wall screen out of service
    "wall.show": Rule(Role.KIOSK),
    NEWS: Rule(Role.KIOSK),
    "wall.all_cases": Rule(Role.KIOSK),
    "cases.show": Rule(Role.KIOSK),
    "cases.document": Rule(Role.KIOSK),
    "cases.picture": Rule(Role.KIOSK),
    "series.about": Rule(Role.KIOSK),
    "series.picture": Rule(Role.KIOSK),
    "cases.choose": Rule(Role.DOCTOR),
    "next_step.acknowledge": Rule(Role.DOCTOR),
    "next_step.handover": Rule(Role.DOCTOR),
    "feedback.give": Rule(Role.DOCTOR),
    "uploads.receive": Rule(Role.DOCTOR, streams=True),
    "identity.confirm": Rule(Role.DOCTOR),
    "identity.header": Rule(Role.DOCTOR),  # it names the patient
    "camera.show": Rule(Role.DOCTOR),
    "camera.begin": Rule(Role.DOCTOR),
    "camera.look": Rule(Role.DOCTOR),
    "camera.preview": Rule(Role.DOCTOR),
    "camera.send": Rule(Role.DOCTOR, streams=True),
    "camera.wish": Rule(Role.DOCTOR),
    "account.show": Rule(Role.DOCTOR, personal=True),
    "account.password": Rule(Role.DOCTOR, personal=True),
    "account.factor": Rule(Role.DOCTOR, personal=True),
    "account.no_factor": Rule(Role.DOCTOR, personal=True),
    "account.end": Rule(Role.DOCTOR, personal=True),
    "account.end_all": Rule(Role.DOCTOR, personal=True),
    "openapi.show": Rule(Role.KIOSK),
    "metrics.show": Rule(Role.DOCTOR),
    "admin.show": Rule(Role.ADMINISTRATOR),
    "admin.verify": Rule(Role.ADMINISTRATOR),
    "admin.backup": Rule(Role.ADMINISTRATOR),
    "people.show": Rule(Role.ADMINISTRATOR, personal=True),
    "people.add": Rule(Role.ADMINISTRATOR, personal=True),
    "people.ask": Rule(Role.ADMINISTRATOR, personal=True),
    "people.change": Rule(Role.ADMINISTRATOR, personal=True),
}
"""Every route. One that is not here is refused."""
