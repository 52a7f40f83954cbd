"""What the appliance remembers: cases and the work on them in SQLite, the slices it shows as PNG files."""

from appliance.store.cases import Case, Source, State, StepProgress
from appliance.store.database import StoreError
from appliance.store.jobs import Job
from appliance.store.store import Store

__all__ = ["Case", "Job", "Source", "State", "StepProgress", "Store", "StoreError"]
