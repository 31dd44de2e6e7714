# One image per service: `docker build --target enricher .`; docker-compose.yml names the targets.
#
# Each environment is built from a lock with hashes, in a stage of its own; a service's image gets the finished folder.
# The "local" extra never goes in: its Java runtime is GPLv2+CE, and a container has a broker of its own.
# tests/integration/test_image_steps.py runs these very steps without Docker, so keep to FROM, COPY, RUN, ENV, WORKDIR,
# USER, LABEL, EXPOSE, HEALTHCHECK, ENTRYPOINT and CMD, and to absolute paths in RUN.

FROM python:3.13-slim-trixie AS python


FROM python AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore


# The project's own wheel, the models inside.
FROM build AS wheel
WORKDIR /src
COPY locks/build.txt locks/
RUN python -m venv --without-pip /opt/build \
    && python -m pip --python /opt/build install --require-hashes --only-binary=:all: -r locks/build.txt
COPY LICENSE README.md pyproject.toml ./
COPY schemas schemas/
COPY services services/
RUN python -m pip --python /opt/build wheel --no-deps --no-build-isolation --wheel-dir /dist .


FROM build AS enricher-environment
COPY locks/enricher.txt /locks/
RUN python -m venv --without-pip /opt/newsloom \
    && python -m pip --python /opt/newsloom install --require-hashes --only-binary=:all: -r /locks/enricher.txt
COPY --from=wheel /dist /dist
RUN python -m pip --python /opt/newsloom install --no-deps /dist/*.whl


FROM build AS gateway-environment
COPY locks/gateway.txt /locks/
RUN python -m venv --without-pip /opt/newsloom \
    && python -m pip --python /opt/newsloom install --require-hashes --only-binary=:all: -r /locks/gateway.txt
COPY --from=wheel /dist /dist
RUN python -m pip --python /opt/newsloom install --no-deps /dist/*.whl


FROM build AS collector-environment
COPY locks/collector.txt /locks/
RUN python -m venv --without-pip /opt/newsloom \
    && python -m pip --python /opt/newsloom install --require-hashes --only-binary=:all: -r /locks/collector.txt
COPY --from=wheel /dist /dist
RUN python -m pip --python /opt/newsloom install --no-deps /dist/*.whl


FROM build AS trends-environment
COPY locks/trends.txt /locks/
RUN python -m venv --without-pip /opt/newsloom \
    && python -m pip --python /opt/newsloom install --require-hashes --only-binary=:all: -r /locks/trends.txt
COPY --from=wheel /dist /dist
RUN python -m pip --python /opt/newsloom install --no-deps /dist/*.whl


FROM build AS command-environment
COPY locks/command.txt /locks/
RUN python -m venv --without-pip /opt/newsloom \
    && python -m pip --python /opt/newsloom install --require-hashes --only-binary=:all: -r /locks/command.txt
COPY --from=wheel /dist /dist
RUN python -m pip --python /opt/newsloom install --no-deps /dist/*.whl


# A new volume takes its owner from the folder that it is mounted on.
FROM build AS folders
RUN mkdir /keys /state /tables


# What every image shares: nothing in it can be written, so the bytecode comes with the packages (pip compiled it).
# HOME: the user has no home of its own, and /tmp is the one folder that is always there to write to.
# PYTHONSAFEPATH: a module in the working folder never stands in for one of ours.
FROM python AS runtime
LABEL org.opencontainers.image.vendor="Newsloom" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0 AND CC-BY-SA-4.0 AND MIT"
ENV PATH="/opt/newsloom/bin:$PATH" \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1
WORKDIR /
USER 10001:10001


FROM runtime AS enricher
LABEL org.opencontainers.image.title="Newsloom enricher" \
      org.opencontainers.image.description="Raw news articles on Kafka in, structured records out"
COPY --from=enricher-environment /opt/newsloom /opt/newsloom
# ORT: onnxruntime's wheels report home by default, and keep a device id and a database for it in HOME.
ENV ENRICHER_HEALTH_HOST=0.0.0.0 \
    ENRICHER_HEALTH_PORT=9464 \
    ORT_DISABLE_TELEMETRY=1
EXPOSE 9464
# Alive, not ready: a worker that waits for its broker must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD exec python -m services.runtime.probe "http://127.0.0.1:$ENRICHER_HEALTH_PORT/healthz"
ENTRYPOINT ["python", "-m", "services.enricher"]


FROM runtime AS gateway
LABEL org.opencontainers.image.title="Newsloom gateway" \
      org.opencontainers.image.description="News articles over HTTP in, onto Kafka"
COPY --from=gateway-environment /opt/newsloom /opt/newsloom
COPY --from=folders --chown=10001:10001 /keys /keys
ENV GATEWAY_HOST=0.0.0.0 \
    GATEWAY_PORT=8080 \
    GATEWAY_HEALTH_HOST=0.0.0.0 \
    GATEWAY_HEALTH_PORT=9466
EXPOSE 8080 9466
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD exec python -m services.runtime.probe "http://127.0.0.1:$GATEWAY_HEALTH_PORT/healthz"
ENTRYPOINT ["python", "-m", "services.gateway"]


FROM runtime AS collector
LABEL org.opencontainers.image.title="Newsloom collector" \
      org.opencontainers.image.description="Feeds, news sitemaps and pages in, articles to the gateway out"
COPY --from=collector-environment /opt/newsloom /opt/newsloom
COPY --from=folders --chown=10001:10001 /keys /keys
COPY --from=folders --chown=10001:10001 /state /state
ENV COLLECTOR_STATE_PATH=/state/collector.sqlite \
    COLLECTOR_HEALTH_HOST=0.0.0.0 \
    COLLECTOR_HEALTH_PORT=9465
EXPOSE 9465
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD exec python -m services.runtime.probe "http://127.0.0.1:$COLLECTOR_HEALTH_PORT/healthz"
ENTRYPOINT ["python", "-m", "services.collector"]


FROM runtime AS trends
LABEL org.opencontainers.image.title="Newsloom trends" \
      org.opencontainers.image.description="Enriched news articles on Kafka in, near-duplicates and trends out"
COPY --from=trends-environment /opt/newsloom /opt/newsloom
COPY --from=folders --chown=10001:10001 /tables /tables
ENV TRENDS_DATA_DIR=/tables \
    TRENDS_WEB_HOST=0.0.0.0 \
    TRENDS_WEB_PORT=6066 \
    TRENDS_HEALTH_HOST=0.0.0.0 \
    TRENDS_HEALTH_PORT=9468
EXPOSE 6066 9468
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD exec python -m services.runtime.probe "http://127.0.0.1:$TRENDS_HEALTH_PORT/healthz"
ENTRYPOINT ["python", "-m", "services.trends"]


FROM runtime AS command
LABEL org.opencontainers.image.title="Newsloom command" \
      org.opencontainers.image.description="The operator's command of Newsloom: topics, status, publishing, reading"
COPY --from=command-environment /opt/newsloom /opt/newsloom
COPY --from=folders --chown=10001:10001 /keys /keys
ENTRYPOINT ["newsloom"]
CMD ["--help"]
