#!/bin/sh
# A new volume gets a database with POSTGRES_USER and POSTGRES_PASSWORD, as by the official image's docker-entrypoint.sh.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf %s "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host=scram-sha-256
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  # Nobody may connect before the database is complete.
  pg_ctl start --wait --options="-c listen_addresses=''"
  createdb --username="$POSTGRES_USER" "$POSTGRES_USER"
  pg_ctl stop --wait
fi
exec postgres -c listen_addresses='*'
