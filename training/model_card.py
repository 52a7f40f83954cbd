"""The model card, written from the manifest and the evaluation of a release, never by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from training.documents import TrainingError

HERE = Path(__file__).parent

EVALUATE = "`triage-train evaluate --work W`, in the folder W that `triage-train all` has filled (see the end)."

RELEASE = "`triage-train all --config training/released.toml --data NAME:DIR --work W --to OUT`"

FIGURES = {
    "auc": "area under the curve",
    "sensitivity": "sensitivity at the operating point",
    "specificity": "specificity at the operating point",
    "sensitivity_at_specificity_80": "sensitivity at a specificity of 0.80",
    "sensitivity_at_specificity_90": "sensitivity at a specificity of 0.90",
    "ppv_at_prevalence_6": "positive predictive value, 6 % bleed",
    "npv_at_prevalence_6": "negative predictive value, 6 % bleed",
    "ppv_at_prevalence_15": "positive predictive value, 15 % bleed",
    "npv_at_prevalence_15": "negative predictive value, 15 % bleed",
    "ece": "expected calibration error",
}
"""What the table of figures lists, and how."""

MARKS = {"bootstrap": "", "exact": "*", "edges": "\N{DAGGER}"}
"""What stands behind an interval, by how it was made."""

CHECKS = ("shift", "phantoms", "detection", "camera")
"""Tables of further checks, ``NAME.json`` in the folder of a training, where there are any."""

Evaluation = Mapping[str, Any]
"""What ``evaluation.json`` of a release holds."""


def render(manifest: Mapping[str, Any], evaluation: Evaluation) -> str:
    """Write the card.

    Parameters
    ----------
    manifest : mapping
        Of the release.
    evaluation : mapping
        ``development`` (`training.evaluate.development_estimate`), ``pooling`` (`training.pooling.compare_pooling`),
        ``leakage`` (`training.leakage.measure_leakage`) or None, ``tables`` (``title, columns, rows, note, command``
        each), ``sources``, ``splits``, ``settings``, ``adaptation`` (`training.workspace.Workspace.adaptation`) or
        None, ``network`` and ``runs_tried``; ``release`` where the networks are those of an earlier one.

    Returns
    -------
    str
        Markdown.
    """
    development = evaluation["development"]
    share = development["patients_with_haemorrhage"] / development["patients"]
    template = Template((HERE / "model_card.md.in").read_text(encoding="utf-8"))
    return template.substitute(
        name=manifest["name"],
        version=manifest["version"],
        identity=_identity(manifest, evaluation["network"]),
        networks=evaluation["network"]["networks"],
        highest=manifest["pooling"]["highest"],
        point=f"{manifest['operating_point']:.3f}",
        sources="\n".join(_source(source) for source in evaluation["sources"]),
        folds=evaluation["splits"]["folds"],
        split_seed=evaluation["splits"]["seed"],
        torch=evaluation["network"]["torch"],
        minutes=", ".join(str(value) for value in evaluation["network"]["minutes"]),
        settings=_table(("setting", "value"), list(evaluation["settings"].items())),
        adaptation=_adaptation(evaluation["adaptation"]),
        runs_tried=evaluation["runs_tried"],
        figures=_figures(development),
        by_fold=_by_fold(development["by_fold"]),
        groups=_groups(development["groups"]),
        pooling=_pooling(evaluation["pooling"]),
        pooling_by_highest=_by_highest(evaluation["pooling"]),
        leakage=_leakage(evaluation["leakage"]),
        tables="\n\n".join(_check(table) for table in evaluation["tables"]) or "None was made for this release.",
        patients=development["patients"],
        bleeding=development["patients_with_haemorrhage"],
        share=f"{share:.2f}",
        licence=manifest["licence"],
        attribution="\n".join(f"> {source['attribution']}" for source in evaluation["sources"]),
        evaluate_command=EVALUATE,
        release_command=RELEASE + ", with the folder of each data set above as `--data NAME:DIR`.",
        earlier=_earlier(evaluation.get("release"), evaluation.get("adapted_anew", False)),
    )


def _adaptation(folds: Sequence[Mapping[str, Any]] | None) -> str:
    if folds is None:
        return "None of them has seen a photograph of a screen."
    (epochs,), (pairs,), (share,) = ({fold[key] for fold in folds} for key in ("epochs", "pairs", "photographed"))
    captures = ", ".join(str(fold["captures"]) for fold in folds)
    return (
        f"Then each went on for {epochs} epochs with **simulated photographs** of the studies that it had learned "
        f"from ({captures} photographed studies): on a share of {share} of the slices the remains of a photograph were "
        f"drawn, and beside each batch stood {pairs} pairs of a photographed slice and the same slice from its file, "
        "both to be judged right, and alike (`triage-train capture`, `triage-train adapt`)."
    )


def _earlier(release: Mapping[str, Any] | None, adapted_anew: bool) -> str:
    if release is None:
        return ""
    of_release = f"of release {release['version']} (SHA-256 `{release['sha256']}`)"
    if adapted_anew:
        first = (
            f", as they were before they saw photographs (SHA-256 `{release['before']}`),"
            if "before" in release
            else ""
        )
        return (
            f"\n\nThe networks {of_release}{first} were put back with `triage-train restore`, and went on with "
            "photographs anew. Times, curves and what a split by slice would pretend are those of that release; the "
            "other figures were measured anew."
        )
    return (
        f"\n\nThe networks are those {of_release}, put back with `triage-train restore`. What is of photographs was "
        "fitted and measured anew."
    )


def runs_tried(path: Path = HERE / "EXPERIMENTS.md") -> int:
    """Return how many runs were tried on the released folds, from the log of experiments.

    Raises
    ------
    TrainingError
        When it does not say.
    """
    found = re.search(r"^Runs tried on these folds: (\d+)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise TrainingError(f"{path} has no line 'Runs tried on these folds: N'; a release says how much was tried.")
    return int(found[1])


def show(figure: Mapping[str, Any], digits: int = 2) -> str:
    """Write a figure with its interval and its number of patients, and what is no bootstrap interval with its mark."""
    if figure["value"] is None:
        return f"not measurable, n {figure['patients']}"
    low, high = figure["ci95"]
    return f"{span(figure['value'], low, high, digits)}{MARKS[figure['interval']]}, n {figure['patients']}"


def span(value: float, low: float, high: float, digits: int = 2) -> str:
    """Write a value with its interval."""
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _table(columns: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _identity(manifest: Mapping[str, Any], network: Mapping[str, Any]) -> str:
    picture = manifest["input"]
    size, width, level = picture["size"], picture["window_width"], picture["window_level"]
    files = [("file", manifest), ("file, 8-bit integers", manifest.get("int8"))]
    rows = [(label, f"`{item['file']}`, SHA-256 `{item['sha256']}`") for label, item in files if item]
    rows += [
        (
            "form",
            f"ONNX, opset {manifest['opset']}; `slices` float32 (n, 1, {size}, {size}) between 0 and 1, n free; "
            "`scores` float32 (n,), log-odds",
        ),
        (
            "input",
            f"one brain-window channel (width {width}, level {level}), head centred and scaled by its outline as "
            "`appliance.imaging` does",
        ),
        ("network", f"{network['networks']} networks of {network['parameters']:,} parameters, their log-odds averaged"),
        ("licence", manifest["licence"]),
    ]
    return _table(("", ""), rows)


def _source(source: Mapping[str, Any]) -> str:
    counts = (
        f"{source['patients']} patients, {source['patients_with_haemorrhage']} with haemorrhage; "
        f"{source['children']} are known to be younger than 18 years"
    )
    return (
        f"- **{source['name']}**: {source['attribution']}. {counts}. {source['labels']} Licence: {source['licence']}."
    )


def _figures(measured: Mapping[str, Any]) -> str:
    studies = f"studies: {measured['studies']}, {measured['studies_with_haemorrhage']} with haemorrhage"
    slices = f"slices: {measured['slices']}, {measured['slices_with_haemorrhage']} with haemorrhage"
    rows = []
    for key, label in FIGURES.items():
        digits = 3 if key.startswith(("ppv", "npv")) else 2
        rows.append((label, *(show(measured[f"{of}_{key}"], digits) for of in ("study", "slice"))))
    return _table(("", studies, slices), rows)


def _by_fold(folds: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (f"fold{number}", *(show(fold[name]) if name in fold else "" for name in ("study_auc", "slice_auc")))
        for number, fold in enumerate(folds)
    ]
    return _table(("fold", "area under the curve, studies", "slices"), rows)


def _groups(groups: Sequence[Mapping[str, Any]]) -> str:
    names = ("study_auc", "study_sensitivity", "study_specificity", "slice_auc", "slice_sensitivity")
    rows = []
    for group in groups:
        bleeding = f"{group['patients_with_haemorrhage']} / {group['patients'] - group['patients_with_haemorrhage']}"
        slices = group["slices_with_haemorrhage"]
        rows.append((group["group"], bleeding, slices, *(show(group[name]) if name in group else "" for name in names)))
    columns = ("group", "patients with / without", "bleeding slices", *(name.replace("_", ", ") for name in names))
    return _table(columns, rows)


def _pooling(choices: Sequence[Mapping[str, Any]]) -> str:
    columns = (
        "slices",
        "brain slices judged a study",
        "area under the curve, studies",
        "difference from the released",
        "sensitivity at a specificity of 0.80",
        "bleeding studies not judged",
        "not weighed",
        "highest averaged, by fold",
    )
    rows = [
        (
            item["choice"],
            item["slices_judged"],
            show(item["study_auc"]),
            show(item["difference"], 3),
            show(item["study_sensitivity"]),
            f"{item['unseen']} of {item['bleeding']}",
            f"{item['unshown']} of {item['bleeding']}",
            ", ".join(str(count) for count in item["highest"]),
        )
        for item in choices
    ]
    return _table(columns, rows)


def _by_highest(choices: Sequence[Mapping[str, Any]]) -> str:
    counts = list(choices[0]["auc_by_highest"])
    rows = [(item["choice"], *(show(item["auc_by_highest"][count]) for count in counts)) for item in choices]
    table = _table(("slices", *(f"mean of {count}" for count in counts)), rows)
    return f"Area under the curve of studies by the number averaged, all folds:\n\n{table}"


def _leakage(measured: Mapping[str, Any] | None) -> str:
    if measured is None:
        return "Not measured for this release; `triage-train leakage --work W` does it."
    rows = [
        (
            part["split"],
            part["learned_slices"],
            part["judged_slices"],
            part["shared_patients"],
            show(part["slice_auc"], 3),
        )
        for part in measured["splits"]
    ]
    columns = ("split", "slices learned from", "slices judged", "patients in both", "area under the curve, slices")
    command = f"`triage-train leakage --work W --epochs {measured['epochs']} --seed {measured['seed']}`"
    return (
        "The same network and settings, once tested on slices of patients that it has learned from, once on patients "
        f"that it has not, in short trainings of {measured['epochs']} epochs. The difference is what a split by slice "
        f"would pretend.\n\n{_table(columns, rows)}\n\nCommand: {command}"
    )


def _check(table: Mapping[str, Any]) -> str:
    body = _table(table["columns"], table["rows"])
    return f"### {table['title']}\n\n{body}\n\n{table['note']}\n\nCommand: `{table['command'].strip('`')}`"
