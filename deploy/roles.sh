#!/bin/sh
# Run once by the PostgreSQL image, on an empty data folder: the login that the service uses, which owns nothing.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$APP_PASSWORD" <<'SQL'
CREATE ROLE orderflow_app LOGIN NOINHERIT PASSWORD :'password';
SQL
