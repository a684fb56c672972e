# Pin it by digest for what you deploy: --build-arg NODE_IMAGE=node:24-slim@sha256:… (SECURITY.md).
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build/tollgate
COPY package.json package-lock.json ./
COPY simulator/package.json simulator/
COPY bench/package.json bench/
COPY console/package.json console/
COPY client/package.json client/
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
COPY simulator simulator
COPY client/src client/src
COPY console console
COPY cli/src cli/src
COPY scripts/bundle.js scripts/
RUN npm run build
# The packages of the image as CycloneDX. `npm sbom --omit=dev` would omit packages that development tools use too.
RUN npm pkg set --json 'workspaces=["simulator"]' \
  && npm prune --omit=dev \
  && npm pkg delete devDependencies \
  && npm sbom --sbom-format=cyclonedx > sbom.cdx.json

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
# Directory of the SQLite file; PostgreSQL needs no volume.
RUN mkdir data && chown node:node data
COPY LICENSE package.json ./
COPY cli/bin cli/bin
RUN ln -s /app/cli/bin/tollgate.js /usr/local/bin/tollgate
COPY --from=build /build/tollgate/sbom.cdx.json ./
COPY --from=build /build/tollgate/node_modules node_modules
COPY --from=build /build/tollgate/dist dist
COPY --from=build /build/tollgate/console/dist console/dist
# The default external outside production, and a service of docker-compose.yml. It is not loaded in production.
COPY --from=build /build/tollgate/simulator/package.json simulator/
COPY --from=build /build/tollgate/simulator/dist simulator/dist
# The user "node" by number: Kubernetes' runAsNonRoot cannot verify a name.
USER 1000:1000
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8080}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without npm or a shell, so that the gateway receives SIGTERM. In a container of 512 MiB, Node would take 2 MiB for new
# objects: collecting them so often costs a tenth of the CPU time of a payment.
CMD ["node", "--max-semi-space-size=8", "dist/main.js"]
