# One image for Airflow and the pipeline: slim, non-root, every package checked by hash, no build or test tools left.
# A site pins its base by digest, or names its own mirror: --build-arg BASE=python:3.11-slim-bookworm@sha256:…
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/riskstrat/bin:$PATH
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /opt/riskstrat && pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY pipeline pipeline
COPY sql sql
COPY expectations expectations
COPY models models
COPY reference reference
COPY policy policy
COPY dags dags
COPY deploy deploy
# What promotion and evaluation quote: hazards, and what stands against them.
COPY docs/safety docs/safety
# The build backend and the tools of the tests come from the same lock; here they go again, pip last.
RUN pip install --no-deps --no-build-isolation --editable . \
    && python -c "import re, tomllib; groups = tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']; \
print('\n'.join(re.split('[<>=~]', line)[0] for line in groups['dev']))" > /tmp/tools \
    && pip uninstall --quiet --yes --requirement /tmp/tools \
    && python -m compileall -q pipeline \
    && pip uninstall --quiet --yes setuptools pip

FROM ${BASE}
# libgomp1: LightGBM's threads.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home riskstrat \
    && install -d -m 700 -o riskstrat /var/lib/riskstrat /var/lib/riskstrat-keys /var/lib/airflow /var/lib/airflow/logs
COPY --from=build /opt/riskstrat /opt/riskstrat
COPY --from=build /app /app
ENV PATH=/opt/riskstrat/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GX_ANALYTICS_ENABLED=false \
    RISKSTRAT_HOME=/var/lib/riskstrat AIRFLOW_HOME=/var/lib/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/app/dags AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY=120 AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK=True
WORKDIR /app
USER riskstrat
VOLUME ["/var/lib/riskstrat"]
# One check for whatever the container was started as: a component of Airflow is asked, a batch is well while it runs.
HEALTHCHECK --interval=60s --timeout=30s --start-period=120s --retries=3 CMD ["python", "/app/deploy/healthy.py"]
ENTRYPOINT ["riskstrat"]
CMD ["status"]
