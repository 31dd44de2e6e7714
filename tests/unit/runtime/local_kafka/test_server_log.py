"""What a broker's log gives away."""

from services.runtime.local_kafka import server_log

STARTED = "[2026-11-25T13:27:39,245] INFO [KafkaRaftServer nodeId=1] Kafka Server started (kafka.server.KafkaRaftServer)\n"
BIND = """\
[2026-11-25T13:27:39,000] INFO Awaiting socket connections on 127.0.0.1:1. (kafka.network.DataPlaneAcceptor)
[2026-11-25T13:27:39,100] ERROR [SharedServer id=1] Got exception while starting SharedServer (kafka.server.SharedServer)
org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:1: Address already in use.
\tat kafka.network.SocketServer.open(SocketServer.scala:1)
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\t... 18 more
[2026-11-25T13:27:39,200] ERROR something later (kafka.Kafka)
java.lang.IllegalStateException: a consequence
"""
IN_USE = """\
[2026-11-25T13:27:39,100] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)
org.apache.kafka.common.KafkaException: Failed to acquire lock on file .lock in /data. A Kafka instance in another process \
or thread is using this directory.
"""


def test_started_broker_is_ready() -> None:
    assert server_log.is_ready(STARTED)
    assert not server_log.is_ready(BIND)


def test_taken_port_is_recognised() -> None:
    assert server_log.is_port_taken(BIND)
    assert not server_log.is_port_taken(IN_USE)


def test_folder_of_a_foreign_broker_is_recognised() -> None:
    assert server_log.is_folder_in_use(IN_USE)
    assert not server_log.is_folder_in_use(BIND)


def test_innermost_cause_of_the_first_error_decides() -> None:
    assert server_log.decisive_line(BIND, "console") == "java.net.BindException: Address already in use"


def test_error_without_a_trace_decides_itself() -> None:
    log = "".join(f"[2026-11-25T13:27:39,100] {line} (a)\n" for line in ("INFO fine", "ERROR broken", "INFO more"))
    assert server_log.decisive_line(log, "") == "broken (a)"


def test_exception_on_the_console_decides_when_the_log_has_no_error() -> None:
    console = (
        'Exception in thread "main" org.apache.kafka.common.config.ConfigException: Not a number\n\tat kafka.Kafka.main(x)\n'
    )
    assert server_log.decisive_line(STARTED, console) == "org.apache.kafka.common.config.ConfigException: Not a number"


def test_last_word_of_the_console_decides_otherwise() -> None:
    assert server_log.decisive_line("", "Error occurred\nToo small maximum heap\n\n") == "Too small maximum heap"


def test_silence_is_named() -> None:
    assert server_log.decisive_line("", "") == "no output"
