"""The folder in which a release comes into being, from the first step to the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from training.checkpoint import NAME, data_digest, load_trained
from training.dataset import Dataset
from training.documents import TrainingError, digest, read_json, write_json
from training.machine import CPU, Machine
from training.network import Ensemble, SliceNet
from training.prepare import PreparedStudy, prepare_all, read_kept, read_prepared
from training.scored import ScoredStudy, score, torch_scorer
from training.settings import Settings
from training.splits import Splits, k_fold, read_splits, write_splits
from training.train import train
from training.training_log import LOG

TRAINING, DEVELOPMENT, HELD_OUT = "training", "development", "held_out"
"""Families of photographs: those that are learned from, those of other viewers, by which the route is calibrated, and
those for the end, of kinds that nothing has learned from."""

ADAPTED = "adapted"
"""Folder, within that of a fold's training, of the training that goes on with photographs."""


@dataclass(frozen=True)
class Workspace:
    """Where each step finds what the one before it left.

    A training may learn from several data sets. Each is divided into folds by itself, and a fold of the training is
    that fold of all of them; patients are named after their data set, since two may use the same names.

    Attributes
    ----------
    folder : pathlib.Path
        ``slices/NAME/`` (prepared studies), ``splits-NAME.json``, ``fold0/`` and so on (checkpoint, log and settings),
        ``calibration.json``, ``development.json``, ``pooling.json`` and other figures, pictures, ``test-NAME/``.
    """

    folder: Path

    def document(self, name: str) -> Path:
        """Figures that one of the steps measured."""
        return self.folder / f"{name}.json"

    def write_figures(self, name: str, figures: Any) -> None:
        """Write what a step measured, and on which networks."""
        write_json(self.document(name), figures)
        measured = read_json(self._measured_file, "evaluate") if self._measured_file.is_file() else {}
        write_json(self._measured_file, {**measured, name: self._networks_digest()})

    def read_figures(self, name: str, made_by: str) -> Any:
        """Read what a step measured.

        Raises
        ------
        TrainingError
            When it is absent, damaged, or was measured on other networks than those that lie here now.
        """
        figures = read_json(self.document(name), made_by)
        if read_json(self._measured_file, made_by).get(name) != self._networks_digest():
            raise TrainingError(f"{self.document(name)} is of other networks; run `triage-train {made_by}` again.")
        return figures

    @property
    def _measured_file(self) -> Path:
        return self.folder / "measured.json"

    def _networks_digest(self) -> str:
        runs = [self.run_folder(fold) for fold in self.folds]
        files = [*(run / NAME for run in runs), *(run / ADAPTED / NAME for run in runs)]
        return digest("".join(digest(path.read_bytes()) for path in files if path.is_file()).encode())

    @property
    def restored_file(self) -> Path:
        """What release was put back here, and how it was trained; there only where one was."""
        return self.folder / "restored.json"

    def picture(self, name: str) -> Path:
        """What a step drew."""
        return self.folder / f"{name}.png"

    def run_folder(self, fold: str) -> Path:
        """Folder of a fold's training."""
        return self.folder / fold

    def log_file(self, fold: str) -> Path:
        """The course of a fold's training."""
        return self.run_folder(fold) / LOG

    def prepare(self, datasets: Sequence[Dataset], seed: int, folds: int, say: Callable[[str], None]) -> None:
        """Preprocess the studies that are not yet, and draw the folds.

        Raises
        ------
        TrainingError
            When two data sets hold the same people, who would lie on both sides of a fold.
        """
        if len({dataset.info.people for dataset in datasets}) < len(datasets):
            raise TrainingError("Two of these data sets hold the same patients; name one of them.")
        for dataset in datasets:
            name = dataset.info.name
            studies = prepare_all(dataset, self._slices(name), say)
            write_splits(self.splits_file(name), k_fold(name, studies, seed, folds))

    def splits_file(self, name: str) -> Path:
        """The folds of a data set."""
        return self.folder / f"splits-{name}.json"

    def splits(self) -> dict[str, Splits]:
        """Read the folds of every data set.

        Raises
        ------
        TrainingError
            When nothing is prepared, or the data sets have different numbers of folds.
        """
        found = [read_splits(path) for path in sorted(self.folder.glob("splits-*.json"))]
        if not found:
            raise TrainingError(f"{self.folder} holds no prepared data set; run `triage-train prepare` first.")
        if len({(splits.seed, tuple(splits.parts)) for splits in found}) > 1:
            raise TrainingError(
                f"The data sets in {self.folder} have other folds or seeds than each other; run `triage-train prepare` "
                "with all of them."
            )
        return {splits.dataset: splits for splits in found}

    @property
    def folds(self) -> tuple[str, ...]:
        """Names of the folds."""
        return tuple(next(iter(self.splits().values())).parts)

    def inside(self, fold: str) -> list[PreparedStudy]:
        """Read the studies that a fold's network is judged by."""
        return [study for name, splits in self.splits().items() for study in self._read(name, splits.parts[fold])]

    def outside(self, fold: str) -> list[PreparedStudy]:
        """Read the studies that a fold's network learns from."""
        return [study for name, splits in self.splits().items() for study in self._read(name, splits.without(fold))]

    def studies(self) -> list[PreparedStudy]:
        """Read the studies of all folds."""
        return [study for name, splits in self.splits().items() for study in self._read(name, splits.without())]

    def train(self, fold: str, settings: Settings, machine: Machine = CPU) -> None:
        """Train the network of a fold, or finish it."""
        if self.restored_file.is_file():
            raise TrainingError(f"{self.folder} holds a release that was put back; it can be adapted, not trained.")
        folder = self.run_folder(fold)
        train(folder, self.outside(fold), settings, self.inside(fold), machine)
        if machine.first:
            write_json(folder / "settings.json", asdict(settings))

    def capture(self, family: str, captures: Sequence[Sequence[Dataset]], say: Callable[[str], None]) -> None:
        """Preprocess photographed data sets, each capture of them, as far as that is not yet done."""
        for number, datasets in enumerate(captures):
            for dataset in datasets:
                prepare_all(dataset, self._captures(family) / f"{number}" / dataset.info.name, say)

    def captured(self, family: str, fold: str, outside: bool = False) -> list[list[PreparedStudy]]:
        """Read the captures of a fold's studies, or of all others, each with those that were not refused."""
        found = []
        for capture in sorted(self._captures(family).glob("*")):
            studies: list[PreparedStudy] = []
            for name, splits in self.splits().items():
                kept = read_kept(capture / name, splits.without(fold) if outside else splits.parts[fold])
                studies += [replace(study, patient=f"{name}/{study.patient}") for study in kept]
            found.append(studies)
        return found

    def _captures(self, family: str) -> Path:
        return self.folder / "captures" / family

    def _learned_from(self, fold: str) -> list[PreparedStudy]:
        """The photographs that a fold's network learns from."""
        return [study for capture in self.captured(TRAINING, fold, outside=True) for study in capture]

    def adapt(self, fold: str, settings: Settings, machine: Machine = CPU) -> None:
        """Go on with the trained network of a fold on photographs, or finish that.

        Of a release that was put back the networks before they saw photographs go on, and the others are removed.
        """
        folder = self.run_folder(fold) / ADAPTED
        studies, photographs = self.outside(fold), self._learned_from(fold)
        if not photographs:
            raise TrainingError(f"{self.folder} holds no photographs; run `triage-train capture` first.")
        if self._put_back(fold):
            (folder / NAME).unlink(missing_ok=True)
        train(folder, studies, settings, self.inside(fold), machine, self._base(fold), photographs)
        if machine.first:
            write_json(folder / "settings.json", asdict(settings))

    def settings(self) -> list[dict[str, Any]]:
        """Read the settings of every fold's training."""
        return [read_json(self.run_folder(fold) / "settings.json", "train") for fold in self.folds]

    @property
    def adapted(self) -> bool:
        """Whether the networks went on with photographs."""
        return any((self.run_folder(fold) / ADAPTED).is_dir() for fold in self.folds)

    @property
    def adapted_here(self) -> bool:
        """Whether they did so here, and not only before a release that was put back."""
        return any((self.run_folder(fold) / ADAPTED / LOG).is_file() for fold in self.folds)

    def adaptation(self) -> list[dict[str, Any]]:
        """Read, for every fold, the settings with which its network went on, and how many ``captures`` it had."""
        return [
            {
                **read_json(self.run_folder(fold) / ADAPTED / "settings.json", "adapt"),
                "captures": len(self._learned_from(fold)),
            }
            for fold in self.folds
        ]

    def networks(self) -> list[SliceNet]:
        """Return the trained network of every fold."""
        if len({self._put_back(fold) for fold in self.folds}) > 1:
            raise TrainingError(f"{self.folder} is adapted anew in part; run `triage-train adapt` for all folds.")
        return [self._adapted(fold) if self.adapted else self._base(fold) for fold in self.folds]

    def networks_before(self) -> list[SliceNet]:
        """Return the network of every fold as it was before it saw a photograph."""
        return [self._base(fold) for fold in self.folds]

    def _base(self, fold: str) -> SliceNet:
        return load_trained(self.run_folder(fold), data_digest(self.outside(fold)))

    def _adapted(self, fold: str) -> SliceNet:
        # captures that lie here now are not those of a release that was put back
        photographs = [] if self._put_back(fold) else self._learned_from(fold)
        data = data_digest(self.outside(fold), photographs, self._base(fold))
        return load_trained(self.run_folder(fold) / ADAPTED, data)

    def _put_back(self, fold: str) -> bool:
        """Whether a fold's adapted network is that of a release that was put back: what was trained here has a log."""
        return self.restored_file.is_file() and not (self.run_folder(fold) / ADAPTED / LOG).is_file()

    def photographs_out_of_fold(self, family: str, networks: Sequence[SliceNet]) -> list[list[list[ScoredStudy]]]:
        """Score the photographs of each fold with the network that was trained on the others: fold, capture, study."""
        return [
            [score(torch_scorer(network), capture) for capture in self.captured(family, fold)]
            for network, fold in zip(networks, self.folds, strict=True)
        ]

    def out_of_fold(self, networks: Sequence[SliceNet] | None = None) -> list[list[ScoredStudy]]:
        """Score each fold with the network that was trained on the others: those of `networks`, or other ones."""
        used = self.networks() if networks is None else networks
        return [score(torch_scorer(network), self.inside(fold)) for network, fold in zip(used, self.folds, strict=True)]

    def ensemble(self) -> Ensemble:
        """Return the network to release: the average of those of all folds."""
        return Ensemble(self.networks())

    def _slices(self, name: str) -> Path:
        return self.folder / "slices" / name

    def _read(self, name: str, patients: Sequence[str]) -> list[PreparedStudy]:
        studies = read_prepared(self._slices(name), patients)
        return [replace(study, patient=f"{name}/{study.patient}") for study in studies]
