# syntax=docker/dockerfile:1

FROM node:24-slim AS build
WORKDIR /build/tollgate
COPY package.json package-lock.json ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build
# What the image runs on, as CycloneDX. `npm sbom --omit=dev` would leave out whatever the development tools use too.
RUN npm prune --omit=dev \
  && npm pkg delete devDependencies \
  && npm sbom --sbom-format=cyclonedx > sbom.cdx.json

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# For the SQLite file; PostgreSQL needs no volume.
RUN mkdir data && chown node:node data
COPY LICENSE package.json ./
COPY --from=build /build/tollgate/sbom.cdx.json ./
COPY --from=build /build/tollgate/node_modules node_modules
COPY --from=build /build/tollgate/dist dist
# "node", by its number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8080}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Straight, without npm or a shell between: the gateway itself hears SIGTERM.
CMD ["node", "dist/main.js"]
