/** Who asks for a token: client id and secret in the body (no HTTP Basic, as JupyterHub 6.1.1). */
import { compareToken } from '../../../core/wire/tokens.js';
import type { OAuthClientRecord, Store } from '../../store/types.js';
import { isIdentifier } from '../authorize/client.js';
import { TokenRefused } from '../errors.js';
import type { OAuthParameters } from '../parameters.js';

/** Longer secrets were never given out; hashing one 16384 times would be work for a stranger. */
const MAX_SECRET = 1024;

/** @throws TokenRefused 401 */
export async function authenticateClient(
  parameters: OAuthParameters,
  store: Pick<Store, 'oauth'>,
): Promise<OAuthClientRecord> {
  const identifier = parameters.get('client_id') ?? '';
  const secret = parameters.get('client_secret') ?? '';
  const client =
    identifier !== '' && isIdentifier(identifier) ? await store.oauth.client(identifier) : undefined;
  const proven =
    client !== undefined &&
    client.secret !== '' &&
    secret !== '' &&
    secret.length <= MAX_SECRET &&
    compareToken(client.secret, secret);
  if (!proven) throw new TokenRefused('invalid_client', '', 401);
  return client;
}
