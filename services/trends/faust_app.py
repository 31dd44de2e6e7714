"""The Faust application: its settings, each with why it isn't Faust's own."""

import logging
from pathlib import Path

import faust
from yarl import URL

from schemas.topics import NEWS_ENRICHED, NEWS_ENRICHED_DLQ
from services.runtime.settings import KafkaSettings
from services.trends.settings import TrendsSettings
from services.trends.transport import App

_MB = 1_000_000

# What waits in Faust's queue of each stream: news.enriched may have records of 16 MB.
_QUEUE_RECORDS = 64


def new_app(bootstrap_servers: str, kafka: KafkaSettings, settings: TrendsSettings, data_dir: Path, brokers: int) -> App:
    """An application that is not started; `brokers` bounds the copies of its changelogs.

    It gets its own answers about web, tables and consumer from here, never from FAUST_… variables or a command line.
    """
    url = str(settings.advertised_url) if settings.advertised_url else f"http://{settings.web_host}:{settings.web_port}"
    return App(
        id=settings.group,
        broker=[URL(f"kafka://{server.strip()}") for server in bootstrap_servers.split(",")],
        broker_credentials=_credentials(kafka),
        store="rocksdb://",
        datadir=str(data_dir),
        autodiscover=False,
        processing_guarantee="at_least_once",  # with its exactly-once mode it has lost and repeated records
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * _MB,
        broker_max_poll_records=500,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_interval_s,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_commit_interval=1.0,
        producer_acks=-1,
        producer_linger=0.005,
        producer_max_batch_size=1 * _MB,
        producer_max_request_size=max(NEWS_ENRICHED.max_message_bytes, NEWS_ENRICHED_DLQ.max_message_bytes),
        producer_compression_type="lz4",
        stream_buffer_maxsize=_QUEUE_RECORDS,
        stream_wait_empty=False,  # what is in work is read again by whoever gets the partition
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        topic_replication_factor=min(3, brokers),
        topic_partitions=1,
        web_enabled=True,
        web_tables_enabled=False,  # the API is all that is asked here
        web_router_enabled=False,
        web_bind=settings.web_host,
        web_port=settings.web_port,
        web_host=URL(url).host,
        canonical_url=URL(url.rstrip("/")),
        loghandlers=[],
        logging_config=None,
    )


def quiet_libraries() -> None:
    """Faust tells at INFO each step of a rebalance, and warns of things that are no concern here."""
    for name in ("faust", "mode", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _credentials(kafka: KafkaSettings) -> object | None:
    options = kafka.client_options()
    context = options.get("ssl_context")
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None
