# One image for Airflow and the pipeline: slim, pinned by hashes, non-root, no build tools.
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    GX_ANALYTICS_ENABLED=false AIRFLOW_HOME=/var/lib/airflow AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DAGS_FOLDER=/app/dags RISKSTRAT_HOME=/var/lib/riskstrat

# libgomp: LightGBM's threads.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY pipeline pipeline
COPY sql sql
COPY expectations expectations
COPY models models
COPY reference reference
COPY policy policy
COPY dags dags
RUN pip install --no-deps --no-build-isolation -e . \
    && useradd --uid 10001 --create-home riskstrat \
    && mkdir -p /var/lib/riskstrat /var/lib/airflow \
    && chown riskstrat /var/lib/riskstrat /var/lib/airflow
USER riskstrat
VOLUME ["/var/lib/riskstrat"]
ENTRYPOINT ["riskstrat"]
CMD ["status"]
