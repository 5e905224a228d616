# One image for every part: web, worker and system differ by command only.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/officina
COPY . .
RUN make install build \
    && OFFICINA_HOME=/tmp/build .venv/bin/python manage.py collectstatic --noinput -v 0 \
    && rm -rf static/node_modules /tmp/build

FROM python:3.11-slim-bookworm
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends git libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home officina && install -d -o officina /var/lib/officina
COPY --from=build /srv/officina /srv/officina
WORKDIR /srv/officina
USER officina
ENV OFFICINA_HOME=/var/lib/officina OFFICINA_BIND=0.0.0.0 OFFICINA_TLS_PORT=0 PATH=/srv/officina/.venv/bin:$PATH
VOLUME /var/lib/officina
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
CMD ["python", "manage.py", "serve"]
