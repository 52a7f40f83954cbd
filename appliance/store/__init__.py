"""What the appliance remembers: cases and the work on them in SQLite, the slices it shows as PNG files."""

from appliance.store.acknowledgements import NoNameError
from appliance.store.audit import Act
from appliance.store.captures import Capture, CaptureError, CaptureState, Eye, Way, Wish
from appliance.store.cases import Acknowledgement, Case, Source, State, StepProgress
from appliance.store.database import BackupError, DamagedStoreError, StoreBusyError, StoreError
from appliance.store.feedback import FeedbackError, OwnColour, PatientNamedError
from appliance.store.frames import NoFrameError
from appliance.store.identities import NoPatientError
from appliance.store.jobs import Job
from appliance.store.media import MediumRow, MediumState
from appliance.store.store import Store

__all__ = [
    "Acknowledgement",
    "Act",
    "BackupError",
    "Capture",
    "CaptureError",
    "CaptureState",
    "Case",
    "DamagedStoreError",
    "Eye",
    "FeedbackError",
    "Job",
    "MediumRow",
    "MediumState",
    "NoFrameError",
    "NoNameError",
    "NoPatientError",
    "OwnColour",
    "PatientNamedError",
    "Source",
    "State",
    "StepProgress",
    "Store",
    "StoreBusyError",
    "StoreError",
    "Way",
    "Wish",
]
