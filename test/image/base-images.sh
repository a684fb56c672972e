#!/bin/sh
# Makes the base images from packages of Debian and npm, for a machine that reaches those, and no registry of images:
#   test/image/base-images.sh
#   NODE_IMAGE=localhost/node:24-slim POSTGRES_IMAGE=localhost/postgres:17 npm run test:image
# They have what Dockerfile and docker-compose.yml use of the official ones. Needs root, mmdebstrap and a Docker Engine.
set -eu
cd "$(dirname "$0")"

# npm has to trust the authorities that this machine trusts: its registry may be behind a proxy.
mmdebstrap --variant=minbase \
  --customize-hook='chroot "$1" useradd --uid 1000 --create-home node' \
  --customize-hook='npm install --global --prefix "$1/usr/local" node@24 npm@11' \
  --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /usr/local/lib/node_modules/npm' \
  --customize-hook='echo cafile=/usr/local/lib/node_modules/npm/ca-certificates.crt > "$1/usr/local/lib/node_modules/npm/npmrc"' \
  trixie - | docker import --change 'CMD ["node"]' - localhost/node:24-slim

mmdebstrap --variant=minbase --include=postgresql-17 \
  --customize-hook='copy-in postgres-entrypoint.sh /usr/local/bin' \
  --customize-hook='chroot "$1" install --directory --owner postgres --mode 0700 /var/lib/postgresql/data' \
  trixie - | docker import \
  --change 'ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data' \
  --change 'VOLUME /var/lib/postgresql/data' \
  --change 'STOPSIGNAL SIGINT' \
  --change 'ENTRYPOINT ["postgres-entrypoint.sh"]' \
  - localhost/postgres:17
