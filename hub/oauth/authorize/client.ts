/** Which client asks, and where its answer may go. Nothing is redirected before both are certain. */
import type { OAuthClientRecord, Store } from '../../store/types.js';
import { AuthorizeRefused } from '../errors.js';
import type { OAuthParameters } from '../parameters.js';

const ONCE = ['client_id', 'response_type', 'redirect_uri', 'scope', 'state'] as const;
/**
 * As long as our own can be (`serverClientId`): two names of 255 characters, each of which takes nine when it is escaped.
 * SQLite keeps all of it, as JupyterHub does there; PostgreSQL refuses the start of a server whose id exceeds its column.
 */
const MAX_IDENTIFIER = 'jupyterhub-user-'.length + 255 * 9 + 1 + 255 * 9;

/** @throws AuthorizeRefused */
export function refuseRepeated(parameters: OAuthParameters): void {
  const name = parameters.repeated(ONCE);
  if (name !== undefined) throw new AuthorizeRefused(`Duplicate ${name} parameter.`);
}

/** A client without a secret cannot take part: the hub's own. @throws AuthorizeRefused */
export async function loadClient(
  parameters: OAuthParameters,
  store: Pick<Store, 'oauth'>,
): Promise<OAuthClientRecord> {
  const identifier = parameters.get('client_id');
  if (!identifier) throw new AuthorizeRefused('Missing client_id parameter.');
  const client = isIdentifier(identifier) ? await store.oauth.client(identifier) : undefined;
  if (!client || client.secret === '') throw new AuthorizeRefused('Invalid client_id parameter value.');
  return client;
}

export function isIdentifier(text: string): boolean {
  return text.length <= MAX_IDENTIFIER && !text.includes('\u0000');
}

/**
 * Equal, character by character, to the registered one, or absent; a path alone is a place of this site.
 * @throws AuthorizeRefused
 */
export function checkRedirectUri(parameters: OAuthParameters, client: OAuthClientRecord): string {
  const asked = parameters.get('redirect_uri');
  if (asked === undefined && client.redirectUri === '') throw new AuthorizeRefused('Missing redirect URI.');
  const uri = asked ?? client.redirectUri;
  if (!isAbsolute(uri)) throw new AuthorizeRefused('Invalid redirect URI.');
  if (uri !== client.redirectUri) throw new AuthorizeRefused('Mismatching redirect URI.');
  return uri;
}

/** RFC 3986 absolute-URI, or a path. A fragment has no place in either. */
function isAbsolute(uri: string): boolean {
  if (uri.includes('#')) return false;
  return uri.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]*$/.test(uri);
}
