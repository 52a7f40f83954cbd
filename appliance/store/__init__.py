"""What the appliance remembers: cases and the work on them in SQLite, the slices it shows as PNG files."""

from appliance.store.audit import Act
from appliance.store.cases import Case, Source, State, StepProgress
from appliance.store.database import BackupError, DamagedStoreError, StoreBusyError, StoreError
from appliance.store.jobs import Job
from appliance.store.media import MediumRow, MediumState
from appliance.store.store import Store

__all__ = [
    "Act",
    "BackupError",
    "Case",
    "DamagedStoreError",
    "Job",
    "MediumRow",
    "MediumState",
    "Source",
    "State",
    "StepProgress",
    "Store",
    "StoreBusyError",
    "StoreError",
]
