# The service alone: no simulators, no development tools. TypeScript runs as it is, so nothing is built.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Without optional packages: the image has its own Node. Without scripts: `prepare` builds the library only.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY routes ./routes
COPY workflows ./workflows
# A volume that is mounted here takes over the owner. /heads: of AUDIT_HEAD_FILE, apart from the data.
RUN install -d -o node -g node -m 700 /data /heads
# The files stay root's: the process can read its own code, not change it.
USER node
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself, not npm: npm would stand between the stop signal and the service.
CMD ["node", "src/server.ts"]
