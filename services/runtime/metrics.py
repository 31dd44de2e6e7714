"""Every metric of every process, in one typed list; base units, few label values."""

import collections
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.runtime.records import DEAD_LETTER, Outcome

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_RECORDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Metrics:
    """The metrics of one process, in a registry of their own."""

    registry: CollectorRegistry
    records: Counter
    dead_letters: Counter
    annotations: Counter
    stage_seconds: Histogram
    batch_records: Histogram
    commit_seconds: Histogram
    restarts: Counter
    lag: Gauge
    paused: Gauge
    isolated: Counter
    loop_lag_seconds: Histogram
    ready: Gauge


def new_metrics() -> Metrics:
    """Fresh metrics, all zero."""
    registry = CollectorRegistry()
    return Metrics(
        registry=registry,
        records=Counter("newsloom_records", "Input records by what became of them", ["outcome"], registry=registry),
        dead_letters=Counter("newsloom_dead_letters", "Records given up", ["stage", "error_class"], registry=registry),
        annotations=Counter("newsloom_annotations", "Annotations by stage and status", ["stage", "status"], registry=registry),
        stage_seconds=Histogram(
            "newsloom_stage_duration_seconds", "A stage's time for a batch", ["stage"], buckets=_SECONDS, registry=registry
        ),
        batch_records=Histogram("newsloom_batch_records", "Records in a batch", buckets=_RECORDS, registry=registry),
        commit_seconds=Histogram(
            "newsloom_commit_duration_seconds", "From the first send to the commit", buckets=_SECONDS, registry=registry
        ),
        restarts=Counter("newsloom_partition_restarts", "Partitions begun again from the committed offset", registry=registry),
        paused=Gauge("newsloom_paused", "1 while the group is paused, by the breaker or by command", registry=registry),
        isolated=Counter("newsloom_isolated_records", "Records handled alone in a child process", registry=registry),
        lag=Gauge("newsloom_consumer_lag_records", "Records behind the end of the partition", ["partition"], registry=registry),
        loop_lag_seconds=Histogram(
            "newsloom_event_loop_lag_seconds", "How late the event loop woke up", buckets=_SECONDS, registry=registry
        ),
        ready=Gauge("newsloom_ready", "1 when the worker can take records", registry=registry),
    )


def count_outcomes(metrics: Metrics, outcomes: Sequence[Outcome]) -> None:
    """Counts what became of records, once it is committed."""
    for kind, count in collections.Counter(outcome.kind for outcome in outcomes).items():
        metrics.records.labels(outcome=kind).inc(count)
    steps = collections.Counter((outcome.kind == DEAD_LETTER, *step) for outcome in outcomes for step in outcome.steps)
    for (is_dead_letter, name, status), count in steps.items():
        if is_dead_letter:
            metrics.dead_letters.labels(stage=name, error_class=status).inc(count)
        else:
            metrics.annotations.labels(stage=name, status=status).inc(count)
