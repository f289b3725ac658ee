# The hub, and the proxy (anteroom-proxy) from the same image. Build it from the root of the repository:
#   docker build -f deploy/hub.Dockerfile -t anteroom-hub .
# BASE is any Debian image with Node 22 or newer below /usr/local, its headers included. PACKAGES="python3" lets it read a
# jupyterhub_config.py.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
# native modules are built against the headers of the image's own Node: nothing is downloaded for it
ENV npm_config_nodedir=/usr/local
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3
WORKDIR /src
COPY package.json package-lock.json ./
# of the native modules only what the hub needs
RUN npm install --ignore-scripts --no-audit --no-fund \
 && npm rebuild better-sqlite3-13 esbuild \
 && node -e "require('better-sqlite3-13')(':memory:')"
COPY . .
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund

FROM ${BASE}
ARG PACKAGES=""
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tini ${PACKAGES} \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/package.json /src/LICENSE /opt/anteroom/
COPY --from=build /src/core/config/python/driver /opt/anteroom/core/config/python/driver
COPY --from=build /src/templates /opt/anteroom/templates
COPY --from=build /src/node_modules /opt/anteroom/node_modules
COPY --from=build /src/dist /opt/anteroom/dist
# OpenShift runs it under any uid with group 0, so what the hub writes belongs to that group
RUN chmod 755 /opt/anteroom/dist/cli/main.js /opt/anteroom/dist/proxy/server/main.js /opt/anteroom/dist/terminal/server/main.js \
 && ln -s /opt/anteroom/dist/cli/main.js /usr/local/bin/anteroom \
 && ln -s /opt/anteroom/dist/proxy/server/main.js /usr/local/bin/anteroom-proxy \
 && ln -s anteroom-proxy /usr/local/bin/configurable-http-proxy \
 && mkdir -p /srv/anteroom /etc/anteroom \
 && chmod 0770 /srv/anteroom
ENV HOME=/srv/anteroom NODE_ENV=production LANG=C.UTF-8
WORKDIR /srv/anteroom
EXPOSE 8000 8081
USER 1000:0
ENTRYPOINT ["tini", "--"]
CMD ["anteroom", "-f", "/etc/anteroom/jupyterhub_config.mjs"]
