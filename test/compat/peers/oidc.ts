import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/ports.js';
import { start, stop, until } from './child.js';
import { ensureOidcProvider } from './install.js';

/** A real OpenID Connect provider as a process of its own; see oidc-server.mjs. */
export interface OidcProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** New signing keys, the old ones gone. */
  rotateKeys(): Promise<void>;
  /** Takes back every token. */
  revoke(): Promise<void>;
  /** Claims of an account beside the defaults. */
  claims(sub: string, claims: Readonly<Record<string, unknown>>): Promise<void>;
  /** `delay`: ms for which tokens and claims keep one waiting; `tokenSeconds`: life of access tokens. */
  set(settings: {
    readonly delay?: number;
    readonly down?: boolean;
    readonly tokenSeconds?: number;
  }): Promise<void>;
  /** Requests by path. */
  counts(): Promise<Readonly<Record<string, number>>>;
}

export async function startOidcProvider(redirectUris: readonly string[]): Promise<OidcProvider> {
  const folder = await ensureOidcProvider();
  const [port] = await freePorts(1);
  const work = await mkdtemp(join(tmpdir(), 'anteroom-oidc-'));
  const [clientId, clientSecret] = ['the-hub', 'a-secret-that-the-hub-shares'];
  const client = {
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post',
  };
  const log = join(work, 'provider.log');
  const script = join(import.meta.dirname, 'oidc-server.mjs');
  const child = start([process.execPath, script, folder, String(port), JSON.stringify([client])], log);
  const issuer = `http://127.0.0.1:${port}`;
  const control = async (what: string, given: unknown = {}): Promise<string> => {
    const body = JSON.stringify(given);
    const answer = await fetch(`${issuer}/control/${what}`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`control ${what}: ${answer.status}`);
    return answer.text();
  };
  await until('oidc-provider', child, log, 60_000, () =>
    fetch(`${issuer}/control/counts`).then(
      (answer) => answer.ok,
      // nobody listens yet
      () => false,
    ),
  );
  return {
    issuer,
    clientId,
    clientSecret,
    rotateKeys: async () => void (await control('rotate')),
    revoke: async () => void (await control('revoke')),
    claims: async (sub, claims) => void (await control('claims', { sub, ...claims })),
    set: async (settings) => void (await control('set', settings)),
    counts: async () => JSON.parse(await control('counts')) as Record<string, number>,
    [Symbol.asyncDispose]: async () => {
      await stop(child, 'SIGTERM', 5000);
      await rm(work, { recursive: true, force: true });
    },
  };
}
