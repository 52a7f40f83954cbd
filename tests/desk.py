"""A worker's desk: judges what lies in a folder, and renders it, step by step."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from appliance import worker
from appliance.config import Settings, StoreSettings
from appliance.ingest.spool import medium_path, take_in
from appliance.pipeline import Pipeline
from appliance.rendering import render_next
from appliance.stop import StopRequest
from appliance.store import Case, Source, Store
from appliance.store.volumes import SeriesState, series_state


class Desk:
    """One store and one worker over it."""

    def __init__(self, store: Store, settings: Settings, pipeline: Pipeline) -> None:
        self.store = store
        self.settings = settings
        self.pipeline = pipeline

    def queue(self, folder: Path) -> Case:
        files = [[path.read_bytes()] for path in sorted(folder.rglob("*")) if path.is_file()]
        return take_in(self.store, self.settings.ingest, files, Source.UPLOAD)

    def judge(self, folder: Path) -> Case:
        """Judge, and render nothing."""
        case = self.queue(folder)
        job = self.store.jobs.claim()
        assert job is not None and worker._finish(self.store, self.pipeline, job, StopRequest())
        return self.again(case)

    def again(self, case: Case) -> Case:
        found = self.store.case(case.id)
        assert found is not None
        return found

    def render(self) -> bool:
        """Render the newest case that waits for it; False where none does."""
        return render_next(
            self.store,
            self.pipeline.reader,
            self.settings.ingest,
            lambda spool: medium_path(self.store, spool),
            lambda: False,
        )

    def state(self, case: Case) -> SeriesState:
        return series_state(self.store.rendered, case.id)


@contextmanager
def desk_over(folder: Path, pipeline: Pipeline) -> Iterator[Desk]:
    """Open a desk over a store."""
    settings = Settings(store=StoreSettings(folder))
    with Store(folder) as store:
        yield Desk(store, settings, pipeline)
