"""The folder in which a release comes into being, from the first step to the last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.prepare import PreparedStudy, read_prepared
from training.scored import ScoredStudy, score, torch_scorer
from training.splits import Splits, read_splits
from training.train import Settings, load_trained, train


@dataclass(frozen=True)
class Workspace:
    """Where each step finds what the one before it left.

    Attributes
    ----------
    folder : pathlib.Path
        ``slices/`` (prepared studies), ``splits.json``, ``fold0/`` and so on and ``final/`` (a checkpoint and a log
        each), ``calibration.json``, ``development.json``, ``test.json``.
    """

    folder: Path

    @property
    def slices(self) -> Path:
        """Folder of the prepared studies."""
        return self.folder / "slices"

    @property
    def splits_file(self) -> Path:
        """The splits."""
        return self.folder / "splits.json"

    @property
    def calibration_file(self) -> Path:
        """The calibration, from out-of-fold scores."""
        return self.folder / "calibration.json"

    @property
    def development_file(self) -> Path:
        """Figures of the out-of-fold scores."""
        return self.folder / "development.json"

    @property
    def test_file(self) -> Path:
        """Figures of the held-out patients, and the hash of the one network that was tested."""
        return self.folder / "test.json"

    def run_folder(self, fold: int | None) -> Path:
        """Folder of a fold's training, or of None's, the final one."""
        return self.folder / ("final" if fold is None else f"fold{fold}")

    def splits(self) -> Splits:
        """Read the splits."""
        return read_splits(self.splits_file)

    def train(self, fold: int | None, settings: Settings) -> None:
        """Train the network of a fold, or of None, the final one, or finish it."""
        splits = self.splits()
        studies = read_prepared(self.slices, splits.training_for(fold))
        watched = [] if fold is None else read_prepared(self.slices, splits.folds[fold])
        train(self.run_folder(fold), studies, settings, watched)

    def out_of_fold(self) -> list[list[ScoredStudy]]:
        """Score each fold with the network that was trained on the others."""
        return [
            score(torch_scorer(load_trained(self.run_folder(number))), read_prepared(self.slices, fold))
            for number, fold in enumerate(self.splits().folds)
        ]

    def held_out(self, patients: tuple[str, ...]) -> list[PreparedStudy]:
        """Read the studies of held-out patients."""
        return read_prepared(self.slices, patients)
