"""Reading the CSV files that data sets come with."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from training.documents import TrainingError

NAMED = 3
"""So many missing files are named in a sentence."""


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header as a list of rows; a byte order mark, as spreadsheets write it, is left out."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def flag(text: str) -> bool:
    """Read a label.

    Raises
    ------
    ValueError
        When it is neither 0 nor 1.
    """
    if text not in ("0", "1"):
        raise ValueError(f"label {text!r} is neither 0 nor 1")
    return text == "1"


@contextmanager
def layout(folder: Path, name: str) -> Iterator[None]:
    """Turn what goes wrong while a table is read into a sentence.

    Raises
    ------
    TrainingError
        When a file cannot be read, a column is absent or a value is none that the data set knows.
    """
    try:
        yield
    except OSError as error:
        raise TrainingError(f"{error.filename} cannot be read; name the folder of {name} with --data.") from error
    except KeyError as error:
        raise TrainingError(f"{folder} is not laid out as {name}: the column {error} is missing.") from error
    except ValueError as error:
        raise TrainingError(f"{folder} is not laid out as {name}: {error}.") from error


def demand(missing: Sequence[str], table: str) -> None:
    """Refuse a table that names what is not there.

    Raises
    ------
    ValueError
        When anything is missing.
    """
    if missing:
        names = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
        raise ValueError(f"{table} names {len(missing)} that are not there ({names})")
