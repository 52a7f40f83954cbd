"""Studies through the appliance's preprocessing, into the cache and out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from appliance.dicom.stack import window
from appliance.imaging.brain import find_brain
from appliance.imaging.head import find_heads
from appliance.imaging.tensor import to_tensor
from appliance.phantom.disc import positions
from appliance.reasons import Refused
from appliance.study import SliceStack
from tests.training import layouts
from training import prepare
from training.dataset import KINDS, Dataset, DatasetInfo, LabelledStack, Study
from training.documents import TrainingError
from training.prepare import SIZE, prepare_all, prepare_study, read_prepared, write_prepared
from training.sources import load

INFO = DatasetInfo("simulated", "Simulated", "None", "Simulated.")


def stack(bleeds: bool) -> SliceStack:
    """The simulated head as a scanner gives it."""
    hounsfield = layouts.head(bleeds)
    return SliceStack(
        pixels=window(hounsfield, 120, 40),
        sources=tuple(str(index) for index in range(len(hounsfield))),
        positions_mm=np.array(positions(5.0)),
        thickness_mm=np.full(len(hounsfield), 5.0),
        pixel_spacing_mm=layouts.SPACING_MM,
        hounsfield=hounsfield,
    )


def labelled(bleeds: bool) -> LabelledStack:
    """The simulated head with labels of every slice."""
    labels = layouts.bleeding() & bleeds
    kinds = labels[:, None] & np.array([kind == "IPH" for kind in KINDS])
    return LabelledStack(stack(bleeds), labels, kinds)


def study(number: int, read: Callable[[], LabelledStack], bleeds: bool = True) -> Study:
    kinds = frozenset({"IPH"}) if bleeds else frozenset()
    return Study(str(number), f"simulated-{number}", None if number else 3.5, bleeds, kinds, read)


def never() -> LabelledStack:
    raise AssertionError("read again")


def dataset(*studies: Study) -> Dataset:
    return Dataset(INFO, studies)


def test_prepared_slices_are_what_the_appliance_feeds_its_network(tmp_path: Path) -> None:
    write_prepared(tmp_path, prepare_study(study(0, lambda: labelled(True))))
    (prepared,) = read_prepared(tmp_path, ["0"])
    found = labelled(True)
    assert found.labels is not None and found.kinds is not None
    heads = find_heads(found.stack)
    indices = list(find_brain(found.stack, heads).indices)
    fed = to_tensor(found.stack, heads, SIZE, indices)
    assert np.array_equal(prepared.slices[:, None].astype(np.float32) / 255, fed)
    assert prepared.labels.tolist() == found.labels[indices].tolist() and prepared.labels.any()
    assert prepared.kinds.tolist() == found.kinds[indices].tolist()
    assert prepared.indices.tolist() == indices and prepared.series_length == len(found.stack)
    assert prepared.centres.tolist() == found.stack.centres[indices].tolist()
    assert prepared.study_kinds.tolist() == [False, True, False, False, False]
    # the skull lies outside the intracranial space, and the bleed in it
    assert (prepared.depth[prepared.slices > 250] == 0).mean() > 0.95
    assert (prepared.depth[prepared.labels] > 10).any()


def test_what_was_cached_is_read_back_the_same(tmp_path: Path) -> None:
    for number in (0, 1):
        written = prepare_study(study(number, lambda: labelled(False), bleeds=False))
        write_prepared(tmp_path, written)
        (read,) = read_prepared(tmp_path, [str(number)])
        for field in fields(written):
            before, after = getattr(written, field.name), getattr(read, field.name)
            assert type(before) is type(after), field.name
            assert np.array_equal(before, after), field.name
            assert getattr(before, "dtype", None) == getattr(after, "dtype", None), field.name


def test_slices_are_not_labelled_by_their_study() -> None:
    bleeds = prepare_study(study(1, lambda: LabelledStack(stack(True))))
    assert bleeds.haemorrhage and not bleeds.labelled
    assert not bleeds.labels.any() and not bleeds.kinds.any()
    assert bleeds.study_kinds.tolist() == [False, True, False, False, False]
    unknown = prepare_study(study(2, lambda: LabelledStack(stack(False)), bleeds=False))
    assert not unknown.labelled and not unknown.haemorrhage
    free = LabelledStack(stack(False), np.zeros(len(stack(False)), dtype=bool))
    clean = prepare_study(study(3, lambda: free, bleeds=False))
    assert clean.labelled and not clean.labels.any() and not clean.kinds.any()


def test_labels_that_do_not_fit_the_slices_are_refused() -> None:
    found = labelled(True)
    assert found.labels is not None and found.kinds is not None
    for wrong in (replace(found, labels=found.labels[1:]), replace(found, kinds=found.kinds[:, 1:])):
        with pytest.raises(TrainingError, match="simulated-1"):
            prepare_study(study(1, lambda wrong=wrong: wrong))


def test_what_the_appliance_would_refuse_is_no_training_data() -> None:
    whole = stack(True)
    empty = replace(whole, pixels=np.zeros_like(whole.pixels))
    shifted = np.asarray(layouts.head(True) + 1024, dtype=np.int16)
    for wrong, code in (
        (empty, "no_brain"),
        (replace(whole, hounsfield=shifted), "not_hounsfield"),
        (part(whole, slice(0, 14)), "partial_brain"),
    ):
        with pytest.raises(Refused, match=code):
            prepare_study(study(1, lambda wrong=wrong: LabelledStack(wrong)))


def part(whole: SliceStack, chosen: slice) -> SliceStack:
    """Some neighbouring slices of a stack."""
    arrays = ("pixels", "positions_mm", "thickness_mm", "hounsfield", "sources")
    return replace(whole, **{name: getattr(whole, name)[chosen] for name in arrays})


def test_progress_is_told_and_a_study_that_cannot_be_prepared_is_left_out(tmp_path: Path) -> None:
    lines: list[str] = []
    found = dataset(
        study(0, lambda: labelled(True)),
        study(1, lambda: LabelledStack(part(stack(True), slice(0, 3)))),
        study(2, lambda: LabelledStack(stack(True))),
    )
    prepared = prepare_all(found, tmp_path, lines.append)
    assert [item.patient for item in prepared] == ["0", "2"]
    assert [line.split(":")[0] for line in lines] == [
        "1/3 simulated-0",
        "2/3 simulated-1",
        "3/3 simulated-2",
        "simulated",
    ]
    bleeding = int(layouts.bleeding().sum())
    assert f"24 of 32 slices show brain, {bleeding} of them bleed" in lines[0]
    assert "left out (" in lines[1]
    assert "not labelled slice by slice" in lines[2]
    assert lines[3].endswith("2 of 3 studies prepared, 1 left out")
    with pytest.raises(TrainingError, match="Patients 1 are not prepared"):
        read_prepared(tmp_path, ["0", "1"])


def test_a_data_set_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="No study of simulated"):
        prepare_all(dataset(study(1, lambda: LabelledStack(part(stack(True), slice(0, 3))))), tmp_path, print)


def test_an_interrupted_preparation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def interrupted() -> LabelledStack:
        raise KeyboardInterrupt

    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        prepare_all(dataset(study(0, lambda: labelled(True)), study(1, interrupted)), tmp_path, lines.append)
    both = dataset(study(0, never), study(1, lambda: labelled(False), bleeds=False))
    assert prepare_all(both, tmp_path, lines.append) == list(both.studies)
    assert "1/2 simulated-0: prepared before" in lines
    again = dataset(study(0, never), study(1, never, bleeds=False))
    assert prepare_all(again, tmp_path, lines.append) == list(again.studies)


def test_a_cached_study_that_is_damaged_or_outdated_is_prepared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = dataset(study(0, lambda: labelled(True)))
    path = tmp_path / "simulated-0.npz"

    def anew(found: Dataset) -> bool:
        before = path.stat().st_ino
        prepare_all(found, tmp_path, lambda line: None)
        return path.stat().st_ino != before

    prepare_all(whole, tmp_path, lambda line: None)
    assert not anew(whole)
    path.write_bytes(path.read_bytes()[:1000])
    assert anew(whole)
    path.write_bytes(b"")
    assert anew(whole)
    assert anew(dataset(replace(whole.studies[0], kinds=frozenset({"IPH", "SDH"}))))
    assert anew(dataset(replace(whole.studies[0], patient="7")))
    assert anew(dataset(replace(whole.studies[0], age_years=None)))
    assert not anew(dataset(replace(whole.studies[0], age_years=None)))
    assert anew(whole)
    monkeypatch.setattr(prepare, "PREPARATION", "another")
    with pytest.raises(TrainingError, match="another version"):
        read_prepared(tmp_path, ["0"])
    assert anew(whole)
    assert len(read_prepared(tmp_path, ["0"])) == 1


def test_a_hospital_s_discs_become_a_cache(tmp_path: Path) -> None:
    layouts.write_hospital(tmp_path / "discs")
    lines: list[str] = []
    prepared = prepare_all(load("hospital", tmp_path / "discs"), tmp_path / "cache", lines.append)
    assert [study.uid for study in prepared] == [f"hospital-case-{number}" for number in (1, 2, 3, 4)]
    assert "hospital-case-5: left out (too_few_slices)" in lines[4]
    read = read_prepared(tmp_path / "cache", {study.patient for study in prepared})
    assert [item.haemorrhage for item in read] == [True, False, True, False]
    assert [item.labelled for item in read] == [False] * 4
    assert {item.slices.shape for item in read} == {(24, SIZE, SIZE)}
    for path in (tmp_path / "cache").iterdir():
        assert not any(word in path.read_bytes() for word in (b"Yamada", b"0042", b"19500101"))


def test_the_real_ct_ich_loses_no_study(shared_data: Path, tmp_path: Path) -> None:
    found = load("ct_ich", shared_data / "ct_ich")
    some = replace(found, studies=found.studies[::12])
    assert prepare_all(some, tmp_path, lambda line: None) == list(some.studies)
