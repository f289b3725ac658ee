# One user's terminals: anteroom-singleuser, a shell, and no rights. Build it from the root of the repository:
#   docker build -f deploy/singleuser.Dockerfile -t anteroom-singleuser .
# BASE is any Debian image with Node 24 below /usr/local, its headers included. PACKAGES is what users find in their terminal.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
# native modules are built against the headers of the image's own Node: nothing is downloaded for it
ENV npm_config_nodedir=/usr/local
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3
WORKDIR /src
COPY package.json package-lock.json ./
# of the native modules only what the terminal needs
RUN npm install --ignore-scripts --no-audit --no-fund \
 && npm rebuild node-pty esbuild
COPY . .
RUN npm run build

FROM ${BASE}
ARG PACKAGES="bash ca-certificates curl git less nano openssh-client procps"
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini ${PACKAGES} \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/package.json /src/LICENSE /opt/anteroom/
COPY --from=build /src/dist/core /opt/anteroom/dist/core
COPY --from=build /src/dist/terminal /opt/anteroom/dist/terminal
COPY --from=build /src/node_modules/ws /opt/anteroom/node_modules/ws
COPY --from=build /src/node_modules/node-pty /opt/anteroom/node_modules/node-pty
# OpenShift runs it under any uid with group 0, so what the user may write belongs to that group
RUN chmod 755 /opt/anteroom/dist/terminal/server/main.js \
 && ln -s /opt/anteroom/dist/terminal/server/main.js /usr/local/bin/anteroom-singleuser \
 && (userdel -r node 2>/dev/null || true) \
 && useradd --uid 1000 --gid 0 --create-home --shell /bin/bash user \
 && chmod 0775 /home/user
ENV HOME=/home/user SHELL=/bin/bash NODE_ENV=production LANG=C.UTF-8
WORKDIR /home/user
EXPOSE 8888
USER 1000:0
ENTRYPOINT ["tini", "--"]
CMD ["anteroom-singleuser"]
