"""The course of a training: a table with a row an epoch, and the same for TensorBoard."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from appliance.files import replace_file

LOG = "log.csv"

LOG_FIELDS = ("epoch", "loss", "map_loss", "learning_rate", "seconds", "slice_auc", "study_auc")


def write_log(folder: Path, row: dict[str, Any]) -> None:
    """Add an epoch to ``log.csv`` and to ``events`` in a run's folder.

    Rows that an interrupted run wrote beyond its checkpoint are left out.
    """
    path = folder / LOG
    rows = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            rows = [item for item in csv.DictReader(file) if int(item["epoch"]) < row["epoch"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, LOG_FIELDS, restval="")
    writer.writeheader()
    writer.writerows([*rows, {key: round(value, 6) for key, value in row.items()}])
    with replace_file(path) as file:
        file.write(text.getvalue().encode())
    with SummaryWriter(str(folder / "events"), purge_step=row["epoch"]) as events:
        for name, value in row.items():
            if name != "epoch":
                events.add_scalar(name, value, row["epoch"])
