/** What the endpoints of `hub/api` work with, made from the hub's parts. */
import { timestamp } from '../../core/model/time.js';
import { GENERATED_ROUNDS, hashToken, newApiToken, tokenPrefix } from '../../core/wire/tokens.js';
import type { ApiContext } from '../api/context.js';
import type { ServerView, UrlRoots } from '../api/models.js';
import type { ApiServers } from '../api/servers/servers.js';
import { ShareModels } from '../api/shares/share-models.js';
import { UserModels } from '../api/users/user-models.js';
import type { People } from '../api/users/write.js';
import type { AppParts } from '../app.js';
import { JupyterHubClass } from '../config.js';
import { httpError } from '../http/errors.js';
import type { ServerLifecycle } from '../lifecycle/index.js';
import { revocationsOf } from '../oauth/index.js';
import { signInContext } from '../pages/sign-in-context.js';
import { requireXsrf, TokenFinder } from '../session/index.js';
import type { TokenRecord, UserRecord } from '../store/types.js';
import type { AppPartsOptions } from './app-options.js';

export function apiContext(options: AppPartsOptions, urls: UrlRoots): ApiContext {
  const { store, rights, lifecycle, addresses, sessions, config, clock, log } = options;
  const hub = config.of(JupyterHubClass);
  return {
    store,
    rights,
    models: new UserModels({
      store,
      urls,
      serverView: (user, spawner) => viewOf(lifecycle, user, spawner),
      waiting: () => lifecycle.waitingUsers(),
      lastActivity: (user) => sessions.activity.lastOfUser(user),
    }),
    limits: { byDefault: hub.api_page_default_limit, max: hub.api_page_max_limit },
    log,
    clock,
    authState: (user) => sessions.accounts.authState(user),
    activity: {
      flush: () => sessions.activity.flush(),
      ofToken: (token) => sessions.activity.lastOfToken(token),
      user: (user, at) => store.users.touch(new Map([[user.id, at]])),
      server: (spawner, at) => store.spawners.touch(new Map([[spawner.id, at]])),
    },
    prefix: addresses.apiPrefix,
  };
}

export function apiServers(lifecycle: ServerLifecycle): ApiServers {
  return {
    status: (user, server) => lifecycle.status(user, server),
    checkOptions: (user, server, options) => lifecycle.checkOptions(user, server, options),
    check: async (user, server) => {
      await lifecycle.check(user, server);
      return lifecycle.status(user, server).ready;
    },
    start: async (user, server, request) => {
      await lifecycle.start(user, server, request);
    },
    stop: async (user, server, request) => {
      await lifecycle.stop(user, server, request);
    },
    remove: (user, server) => lifecycle.remove(user, server),
    rename: (user, from, to) => lifecycle.rename(user, from, to),
    view: (user, spawner) => viewOf(lifecycle, user, spawner),
  };
}

function viewOf(lifecycle: ServerLifecycle, user: UserRecord, spawner: ServerView['spawner']): ServerView {
  const { pending, ready } = lifecycle.status(user, spawner.name);
  return { spawner, pending, ready, url: lifecycle.url(user, spawner.name) };
}

export function tokenOptions(options: AppPartsOptions, maxSeconds: number): AppParts['tokens'] {
  const { store, sessions, feed, clock } = options;
  return {
    maxSeconds,
    newToken: () => {
      const token = newApiToken();
      return { token, hashed: hashToken(token, GENERATED_ROUNDS), prefix: tokenPrefix(token) };
    },
    authenticate: async (auth, request, reply) => {
      const form = Object.fromEntries(
        Object.entries(auth).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
      );
      const outcome = await sessions.signIn.signIn(form, signInContext(request, reply));
      return outcome.kind === 'signed-in' ? outcome.user : undefined;
    },
    checkXsrf: (request) => requireXsrf(request, 'api'),
    revoked: async (tokens: readonly TokenRecord[]) => {
      await store.revocations.add(revocationsOf(tokens, timestamp(clock.now())));
      feed.ring();
    },
  };
}

export function people(options: AppPartsOptions): People {
  const { admission, authenticator, systemAccounts, sessions, lifecycle, store } = options;
  return {
    normalize: (name) => authenticator.normalizeUsername?.(name) ?? admission.normalize(name),
    validate: (name) => admission.parse(name),
    added: async (name) => {
      await systemAccounts.provide(name);
      await authenticator.addUser?.(name);
      admission.userExists(name);
    },
    removed: async (name) => {
      await authenticator.deleteUser?.(name);
      admission.userDeleted(name);
      await store.revocations.add([
        { kind: 'user', value: name, clientId: null, at: timestamp(options.clock.now()) },
      ]);
      options.feed.ring();
    },
    saveAuthState: async (user, state) => {
      if (state !== null && !sessions.accounts.canKeepAuthState)
        throw httpError(400, 'auth_state cannot be kept: the hub has no JUPYTERHUB_CRYPT_KEY');
      await sessions.accounts.saveAuthState(user.id, state);
    },
    removeWithServers: async (user, remove) => {
      if (lifecycle.status(user, '').pending === 'stop') {
        throw httpError(400, `${user.name}'s server is in the process of stopping, please wait.`);
      }
      await lifecycle.deleteUser(user, remove);
    },
    rename: (user, write) => lifecycle.renameUser(user, write),
  };
}

export function shareOptions(options: AppPartsOptions, urls: UrlRoots): AppParts['shares'] {
  const { store, lifecycle, registry, addresses } = options;
  return {
    models: new ShareModels({
      store,
      urls,
      serverView: (user, spawner) => viewOf(lifecycle, user, spawner),
    }),
    registry,
    hubPrefix: addresses.hubPrefix,
    publicOrigin: urls.publicOrigin,
  };
}

export function serviceOptions({
  services,
  registry,
  rights,
  lifecycle,
  proxy,
  log,
}: AppPartsOptions): AppParts['services'] {
  return {
    services,
    registry,
    rights,
    routesChanged: async () => {
      await lifecycle.reconcileRoutes();
    },
    routeGone: (spec) => proxy.deleteRoute(spec),
    log,
  };
}

export function authorizations({ store, clock, sessions }: AppPartsOptions): AppParts['authorizations'] {
  const tokens = new TokenFinder(store, clock);
  return {
    findToken: (token) => tokens.find(token),
    userOfCookie: (name, value) => sessions.sessions.userOfCookie(name, [value]),
  };
}
