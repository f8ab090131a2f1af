# syntax=docker/dockerfile:1

# The packages that production needs, without devDependencies: the database is outside, the Node is the image's.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --no-audit --no-fund

# The browser's programs: what builds them is a devDependency. web/tsconfig.json extends tsconfig.json, and the
# dashboard shares code with the server in schemas/.
FROM node:24-bookworm-slim AS web
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY schemas schemas
COPY web web
RUN node web/build.ts

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Anteroom" \
      org.opencontainers.image.description="The front door of an AI-interview platform" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DATA_DIR=/data
WORKDIR /app
# /data: uploads. /backups: archives. /volumes: where deploy/setup.ts prepares the volumes of the other services.
# A new volume takes the owner of the folder that it is first mounted on: 1000 is the image's user `node`.
RUN install -d -o 1000 -g 1000 /data /backups \
      /volumes/postgres /volumes/valkey /volumes/sandbox /volumes/production /volumes/caddy
COPY --from=packages /app/node_modules node_modules
# .dockerignore lists what this copies.
COPY . .
COPY --from=web /app/web/dist web/dist
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=6", "--max-old-space-size=512", "server.ts"]
