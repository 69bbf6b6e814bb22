"""Lineage as OpenLineage tells it: events of runs, one JSON object a line, appended by its own file transport.

Events, facets and their schemas are those of the library (openlineage.io, object model 2-0-2). A dataset is named and
its columns are; never a value, a path outside the home or a library's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import ChannelError

NAMESPACE = "riskstrat"
EventType = Literal["START", "COMPLETE", "FAIL"]


@dataclass(frozen=True)
class Column:
    """One column of a dataset: its name, type, and what it means ('' where no contract says)."""

    name: str
    type: str
    says: str = ""


@dataclass(frozen=True)
class Dataset:
    """A table or a kind of file, by its place in the home; which slice of it, its columns, and rows written."""

    name: str
    version: str = ""
    columns: tuple[Column, ...] = ()
    rows: int | None = None


@dataclass(frozen=True)
class Event:
    """One event of one step's run. `fault` names a kind of error; `parent` the run of the night as (id, job)."""

    kind: EventType
    at: datetime
    run_id: str
    job: str
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    nominal: datetime | None = None
    parent: tuple[str, str] | None = None
    fault: str = ""


def append_events(path: Path, events: Sequence[Event], *, producer: str) -> None:
    """Append the events to the file; raises ChannelError when it cannot be written."""
    from openlineage.client.generated.base import set_producer
    from openlineage.client.transport.file import FileConfig, FileTransport

    set_producer(producer)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        transport = FileTransport(FileConfig(log_file_path=str(path), append=True))
        for event in events:
            transport.emit(_event(event, producer=producer))
    except (OSError, RuntimeError):
        # Without the cause: the library's words name the whole path.
        fault = ChannelError(
            "The lineage could not be written", where=path.name, next_step="look at the disk: riskstrat doctor"
        )
    else:
        return
    raise fault


def _event(event: Event, *, producer: str) -> Any:
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import job_type_job

    kind = job_type_job.JobTypeJobFacet(processingType="BATCH", integration="RISKSTRAT", jobType="STEP")
    return RunEvent(
        eventTime=event.at.isoformat(),
        producer=producer,
        run=Run(runId=event.run_id, facets=_run_facets(event)),
        job=Job(namespace=NAMESPACE, name=event.job, facets={"jobType": kind}),
        eventType=RunState[event.kind],
        inputs=[_input(one) for one in event.inputs],
        outputs=[_output(one) for one in event.outputs],
    )


def _run_facets(event: Event) -> dict[str, Any]:
    from openlineage.client.facet_v2 import error_message_run, nominal_time_run, parent_run

    facets: dict[str, Any] = {}
    if event.nominal is not None:
        facets["nominalTime"] = nominal_time_run.NominalTimeRunFacet(nominalStartTime=event.nominal.isoformat())
    if event.parent is not None:
        run_id, job = event.parent
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=run_id), job=parent_run.Job(namespace=NAMESPACE, name=job)
        )
    if event.fault:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=event.fault, programmingLanguage="Python"
        )
    return facets


def _facets(dataset: Dataset) -> dict[str, Any]:
    from openlineage.client.facet_v2 import dataset_version_dataset, schema_dataset

    facets: dict[str, Any] = {}
    if dataset.version:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=dataset.version)
    if dataset.columns:
        fields = [
            schema_dataset.SchemaDatasetFacetFields(name=one.name, type=one.type, description=one.says or None)
            for one in dataset.columns
        ]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(fields=fields)
    return facets


def _input(dataset: Dataset) -> Any:
    from openlineage.client.event_v2 import InputDataset

    return InputDataset(namespace=NAMESPACE, name=dataset.name, facets=_facets(dataset))


def _output(dataset: Dataset) -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    told: dict[str, Any] = {}
    if dataset.rows is not None:
        told["outputStatistics"] = statistics.OutputStatisticsOutputDatasetFacet(rowCount=dataset.rows)
    return OutputDataset(namespace=NAMESPACE, name=dataset.name, facets=_facets(dataset), outputFacets=told)
