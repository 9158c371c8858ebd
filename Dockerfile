# syntax=docker/dockerfile:1
FROM node:22-slim AS page
WORKDIR /source/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm install --no-save --no-audit --no-fund
COPY frontend ./
RUN npm run types && npm run build

FROM python:3.12-slim AS build
WORKDIR /source
COPY deploy/image ./deploy/image
RUN python -m venv /tools && /tools/bin/pip install --no-cache-dir --require-hashes -r deploy/image/build.txt \
    && python -m venv /app && /app/bin/pip install --no-cache-dir --require-hashes -r deploy/image/app.txt
COPY pyproject.toml hatch_build.py mkdocs.yml README.md LICENSE ./
COPY docs ./docs
COPY src ./src
COPY --from=page /source/frontend/dist ./frontend/dist
RUN /tools/bin/python -m mkdocs build --quiet \
    && /tools/bin/python -m hatchling build -t wheel -d /wheel \
    && /app/bin/pip install --no-cache-dir --no-deps --no-index /wheel/*.whl

FROM python:3.12-slim
LABEL org.opencontainers.image.title="OrderFlow Connect" org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/orderflow orderflow
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LOG_FORMAT=json \
    ORDERFLOW_HOME=/var/lib/orderflow
USER 10001
WORKDIR /var/lib/orderflow
VOLUME /var/lib/orderflow
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["orderflow"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
