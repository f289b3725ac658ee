/**
 * `/hub/api/oauth2/authorize` as a list of named steps; each rule is in a file of this folder. First what must hold
 * before anything is sent to the client, then what it is told, then what the user may do.
 */
import type { IssuingClient } from '../../../core/scopes/index.js';
import { locationText, withFragment, withQuery } from '../../../core/wire/next-url.js';
import type { Principal } from '../../principal.js';
import type { OAuthClientRecord, UserRecord } from '../../store/types.js';
import { AuthorizeRefused, ToldToClient } from '../errors.js';
import { OAuthParameters } from '../parameters.js';
import type { OAuthDeps } from '../settings.js';
import { demandAccess, loadIssuing } from './access.js';
import { checkRedirectUri, loadClient, refuseRepeated } from './client.js';
import { issueCode } from './code.js';
import { confirmationPage, needsConfirmation } from './confirmation.js';
import { type Challenge, checkResponseType, readChallenge } from './request.js';
import { askedScopes, checkScopes, narrowScopes } from './scopes.js';

/** Somebody at a browser. */
export type Visitor = Extract<Principal, { kind: 'user' }> & { readonly via: { readonly kind: 'cookie' } };

export type AuthorizeOutcome =
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'confirm'; readonly variables: Readonly<Record<string, unknown>> };

interface ValidRequest {
  readonly client: OAuthClientRecord;
  readonly issuing: IssuingClient;
  readonly user: UserRecord;
  readonly challenge: Challenge | undefined;
  readonly scopes: readonly string[];
}

/**
 * The page was opened.
 * @param query of the request, without `?`
 * @throws AuthorizeRefused for an error page
 */
export function openAuthorization(
  query: string,
  visitor: Visitor,
  deps: OAuthDeps,
): Promise<AuthorizeOutcome> {
  return answering(read(query), undefined, visitor, deps, async (request) => {
    const { client, issuing, user, scopes } = request;
    if (!(await needsConfirmation(client, issuing, user, scopes, deps))) return grant(request, visitor, deps);
    return { kind: 'confirm', variables: confirmationPage(client, issuing, user, scopes, deps) };
  });
}

/**
 * The person agreed. What the form names is checked as if it came from the client: it may be edited.
 * @param form the body
 * @throws AuthorizeRefused for an error page
 */
export function confirmAuthorization(
  query: string,
  form: string,
  visitor: Visitor,
  deps: OAuthDeps,
): Promise<AuthorizeOutcome> {
  const parameters = read(query, form);
  // No scope at all means none, not the client's defaults.
  const ticked = parameters.all('scopes').length === 0 ? ['identify'] : parameters.all('scopes');
  return answering(parameters, ticked, visitor, deps, (request) => grant(request, visitor, deps));
}

async function answering(
  parameters: OAuthParameters,
  ticked: readonly string[] | undefined,
  visitor: Visitor,
  deps: OAuthDeps,
  proceed: (request: ValidRequest) => Promise<AnswerParameters | AuthorizeOutcome>,
): Promise<AuthorizeOutcome> {
  refuseRepeated(parameters);
  const client = await loadClient(parameters, deps.store);
  const redirectUri = checkRedirectUri(parameters, client);
  const state = parameters.get('state');
  // Any other mode counts as none, as oauthlib has it.
  const put = parameters.get('response_mode') === 'fragment' ? withFragment : withQuery;
  const redirect = (answer: AnswerParameters): AuthorizeOutcome => {
    const echoed = state ? [...answer, ['state', state] as const] : answer;
    return { kind: 'redirect', location: locationText(put(redirectUri, echoed)) };
  };
  try {
    const result = await proceed(await validate(parameters, ticked, client, visitor, deps));
    return 'kind' in result ? result : redirect(result);
  } catch (error) {
    if (!(error instanceof ToldToClient)) throw error;
    deps.log.warn('authorization refused', { client: client.identifier, error: error.message });
    return redirect(error.parameters);
  }
}

type AnswerParameters = readonly (readonly [string, string])[];

async function validate(
  parameters: OAuthParameters,
  ticked: readonly string[] | undefined,
  client: OAuthClientRecord,
  visitor: Visitor,
  deps: OAuthDeps,
): Promise<ValidRequest> {
  const { rights, store, settings } = deps;
  const { user } = visitor;
  checkResponseType(parameters);
  const challenge = readChallenge(parameters, settings.requirePkce);
  const issuing = await loadIssuing(client, rights);
  const asked = ticked ?? askedScopes(parameters.get('scope'), client, issuing);
  const requested = await checkScopes(asked, { client, issuing, user, rights, store });
  await demandAccess(visitor, client, issuing, rights);
  const scopes = await narrowScopes(requested, user, issuing, rights);
  return { client, issuing, user, challenge, scopes };
}

async function grant(
  { client, user, scopes, challenge }: ValidRequest,
  visitor: Visitor,
  deps: OAuthDeps,
): Promise<AnswerParameters> {
  const code = await issueCode({ client, user, scopes, challenge, sessionId: visitor.via.sessionId }, deps);
  return [['code', code]];
}

function read(...texts: readonly string[]): OAuthParameters {
  const parameters = OAuthParameters.parse(...texts);
  if (!parameters) throw new AuthorizeRefused('Unable to parse query string');
  return parameters;
}
