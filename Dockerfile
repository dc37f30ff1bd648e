# Convene as a container. PostgreSQL and Meilisearch are containers of their own: see compose.yaml.
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv
WORKDIR /src
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/opt/convene
# What others have written changes rarely, so it is a layer of its own.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY README.md LICENSE ./
COPY registry registry
COPY search search
COPY web web
COPY migrations migrations
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/convene convene
COPY --from=build /opt/convene /opt/convene
ENV PATH=/opt/convene/bin:$PATH CONVENE_HOME=/var/lib/convene PYTHONUNBUFFERED=1
USER convene
WORKDIR /var/lib/convene
VOLUME /var/lib/convene
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=5 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["convene"]
CMD ["serve", "--host", "0.0.0.0"]
