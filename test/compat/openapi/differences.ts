/** Every way in which our OpenAPI document says otherwise than JupyterHub 6.1.1's, with the reason. */
export interface Reason {
  /** A whole line of `compare.ts`, from its beginning to its end. */
  readonly fact: RegExp;
  readonly why: string;
}

/** What only JupyterHub's document says: in each case its program does otherwise, and so does ours. */
export const ONLY_THEIRS: readonly Reason[] = [
  { fact: /.* status 401/, why: 'both programs answer 403 where nobody known asks' },
  { fact: /.* scope \(no_scope\)/, why: 'any credential may ask, which is no scope' },
  {
    fact: /POST \/users\/\{name\}\/server scope servers/,
    why: 'since 6.0 both programs ask for start:servers, which servers implies',
  },
  {
    fact: /(?:POST|PATCH) \/shares\/\{owner\}\/\{server_name\} scope read:(?:users|groups):name/,
    why: 'asked for beside shares and about another name, so no alternative to it; the summary says so',
  },
  { fact: /GET \/services query parameter (?:offset|limit)/, why: 'neither program has pages of services' },
  {
    fact: /GET \/services scope read:services/,
    why: 'both programs ask for list:services, which admin:services implies',
  },
  {
    fact: /POST \/authorizations\/token(?: body| scope tokens| status (?:200|403))/,
    why: 'removed in JupyterHub 2.0: both programs answer 404',
  },
];

/** What only our document says: in each case JupyterHub's program does the same and its document is silent. */
export const ONLY_OURS: readonly Reason[] = [
  { fact: /.* status (?:400|403|404|409|default)/, why: 'refusals; JupyterHub describes few' },
  { fact: /.* status (?:302|401|405|429)/, why: 'answers that JupyterHub gives and does not describe' },
  { fact: /.* \/proxy status 502/, why: 'a proxy that is away: JupyterHub answers 500' },
  { fact: /GET \/openapi\.json.*/, why: 'this document' },
  { fact: /GET \/anteroom\/revocations.*/, why: 'ours: servers learn of revoked credentials' },
  { fact: /(?:GET|HEAD) \/health.*/, why: 'undescribed' },
  { fact: /GET \/metrics.*/, why: 'undescribed' },
  { fact: /GET \/users query parameter name_filter/, why: 'undescribed' },
  { fact: /(?:POST) \/(?:users|groups)\/\{name\} body/, why: 'undescribed: optional' },
  { fact: /DELETE \/users\/\{name\}\/server body/, why: 'undescribed: optional' },
  { fact: /(?:GET|PUT|PATCH) \/users\/\{name\}\/server( .*)?/, why: 'undescribed: the default server' },
  { fact: /GET \/users\/\{name\}\/server(?:s\/\{server_name\})?\/progress.*/, why: 'undescribed' },
  { fact: /POST \/users\/\{name\}\/admin-access.*/, why: 'undescribed' },
  { fact: /POST \/users\/\{name\}\/server scope start:servers/, why: 'what is asked for since 6.0' },
  { fact: /POST \/groups(?: body| status 201| scope admin:groups)?/, why: 'undescribed' },
  { fact: /(?:POST|DELETE) \/services\/\{name\}.*/, why: 'undescribed: services at run time' },
  { fact: /GET \/services scope list:services/, why: 'what is asked for' },
  { fact: /GET \/(?:users|groups)\/\{name\}\/shared query parameter (?:offset|limit)/, why: 'undescribed' },
  {
    fact: /GET \/(?:users|groups|services)\/\{name\} scope .*/,
    why: 'any one of several scopes is enough; JupyterHub describes the widest',
  },
  {
    fact: /GET \/authorizations\/cookie\/\{cookie_name\}(?: .*)?/,
    why: 'undescribed: the cookie in the body',
  },
  { fact: /POST \/oauth2\/authorize.*/, why: 'undescribed: the consent' },
  { fact: /GET \/oauth2\/authorize query parameter .*/, why: 'undescribed: scope and PKCE' },
];

export function explained(fact: string, reasons: readonly Reason[]): boolean {
  return reasons.some((reason) => new RegExp(`^(?:${reason.fact.source})$`).test(fact));
}
