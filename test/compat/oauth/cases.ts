/** Who comes, under which rules: the rows of the decision table. `{"$set": [...]}` is a set of Python's. */
import type { DecisionCase } from '../decisions/our-hub.js';

export interface Case extends DecisionCase {
  /** What the provider says, by path, or by path and query; numbers are bare statuses. */
  readonly answers: Readonly<Record<string, unknown>>;
}

type Rules = Readonly<Record<string, unknown>>;
type Person = readonly [title: string, userInfo: Readonly<Record<string, unknown>>];

const set = (...items: readonly unknown[]) => ({ $set: items });
const USERS = [
  { name: 'ann', admin: false },
  { name: 'zoe', admin: true },
];
const TOKEN = { access_token: 'a-token', token_type: 'bearer', scope: 'read write' };

const PEOPLE: readonly Person[] = [
  ['ann', { username: 'ann', groups: ['pupils'] }],
  ['Ann in capitals', { username: 'ANN', groups: ['Pupils'] }],
  ['a teacher', { username: 'tom', groups: ['staff', 'pupils'] }],
  ['zoe, an admin before, in no group', { username: 'zoe', groups: [] }],
  ['somebody without groups', { username: 'max' }],
];

const GENERIC: readonly (readonly [title: string, rules: Rules])[] = [
  ['no rule', {}],
  ['allow_all', { allow_all: true }],
  ['allowed_users', { allowed_users: set('ann', 'max') }],
  ['allowed_users in capitals', { allowed_users: set('ANN') }],
  ['admin_users', { admin_users: set('ann') }],
  ['admin_users beside allowed_users', { admin_users: set('Ann'), allowed_users: set('bob') }],
  ['allow_existing_users', { allow_existing_users: true }],
  ['allow_existing_users beside allowed_users', { allow_existing_users: true, allowed_users: set('tom') }],
  ['blocked_users', { allow_all: true, blocked_users: set('ann', 'Tom') }],
  ['a blocked administrator', { admin_users: set('ann'), allow_all: true, blocked_users: set('ann') }],
  ['allowed_groups', { manage_groups: true, allowed_groups: set('pupils') }],
  ['admin_groups', { manage_groups: true, admin_groups: set('staff') }],
  ['admin_groups with allow_all', { manage_groups: true, admin_groups: set('staff'), allow_all: true }],
  [
    'admin_groups beside admin_users',
    { manage_groups: true, admin_groups: set('staff'), admin_users: set('ann') },
  ],
  ['managed groups', { manage_groups: true, allow_all: true }],
  ['allowed_scopes, granted', { scope: ['read', 'admin'], allowed_scopes: ['read'] }],
  ['allowed_scopes, not all granted', { scope: ['read', 'admin'], allowed_scopes: ['read', 'admin'] }],
  ['username_pattern', { allow_all: true, username_pattern: '^[a-z]{3}$' }],
  ['username_map', { allow_all: true, username_map: { ann: 'bob', tom: 'Tom' } }],
];

const SINGLE: readonly (readonly [
  title: string,
  rules: Rules,
  answers?: Readonly<Record<string, unknown>>,
])[] = [
  ['a map of two steps', { allow_all: true, username_map: { ann: 'bob', bob: 'carl' } }],
  ['an allowed name that the map gives', { allowed_users: set('bob'), username_map: { ann: 'bob' } }],
  [
    'a blocked name that the map gives',
    { allow_all: true, blocked_users: set('bob'), username_map: { ann: 'bob' } },
  ],
  ['a pattern that the name only begins with', { allow_all: true, username_pattern: 'an' }],
  ['a pattern that the name does not match', { allow_all: true, username_pattern: '^b' }],
  [
    'another claim',
    { allow_all: true, username_claim: 'nick' },
    { user: { username: 'ann', nick: 'Nicky' } },
  ],
  ['a claim that is not there', { allow_all: true, username_claim: 'nick' }],
  ['a name that cannot be one', { allow_all: true }, { user: { username: 'a/b' } }],
  ['an empty name', { allow_all: true }, { user: { username: '' } }],
  ['a name in Cyrillic', { allow_all: true }, { user: { username: 'АННА' } }],
  [
    'groups elsewhere',
    { manage_groups: true, auth_state_groups_key: 'oauth_user.realm.roles', allowed_groups: set('x') },
    { user: { username: 'ann', realm: { roles: ['y', 'x', 'y'] } } },
  ],
  ['groups nowhere', { manage_groups: true, auth_state_groups_key: 'oauth_user.no.such', allow_all: true }],
  ['an empty groups key', { manage_groups: true, auth_state_groups_key: '', allow_all: true }],
  [
    'claim_groups_key',
    { manage_groups: true, claim_groups_key: 'teams', allow_all: true },
    { user: { username: 'ann', teams: ['t'] } },
  ],
  ['allowed_groups without manage_groups', { allowed_groups: set('pupils') }],
  ['admin_groups without manage_groups', { admin_groups: set('pupils'), allow_all: true }],
  ['auth_state_groups_key without manage_groups', { auth_state_groups_key: 'a.b', allow_all: true }],
  ['allowed_scopes beyond scope', { scope: ['read'], allowed_scopes: ['write'] }],
  [
    'scopes as a list',
    { scope: ['read'], allowed_scopes: ['read'] },
    { token: { ...TOKEN, scope: ['read'] } },
  ],
  [
    'a token without scopes',
    { scope: ['read'], allowed_scopes: ['read'] },
    { token: { access_token: 'a', token_type: 'bearer' } },
  ],
  [
    'a refusal of the provider',
    { allow_all: true },
    { token: { error: 'invalid_grant', error_description: 'used up' } },
  ],
  ['a token answer without a token', { allow_all: true }, { token: { hello: 'world' } }],
  ['a user who may not be asked for', { allow_all: true }, { user: 403 }],
  [
    'a name by e-mail, verified',
    { allow_all: true, username_claim: 'email' },
    { user: { email: 'Ann@x.org', email_verified: true } },
  ],
  [
    'a name by e-mail, not verified',
    { allow_all: true, username_claim: 'email' },
    { user: { email: 'ann@x.org', email_verified: false } },
  ],
  [
    'a name by e-mail, of which nothing is said',
    { allow_all: true, username_claim: 'email' },
    { user: { email: 'ann@x.org' } },
  ],
];

const client = { client_id: 'the-client', client_secret: 'the-secret', enable_pkce: false };

function genericCase(title: string, rules: Rules, answers: Readonly<Record<string, unknown>>): Case {
  const addresses = { authorize_url: 'BASE/authorize', token_url: 'BASE/token', userdata_url: 'BASE/user' };
  return {
    name: `generic: ${title}`,
    class: 'generic-oauth',
    config: { GenericOAuthenticator: { ...client, ...addresses, ...rules } },
    users: USERS,
    answers: { token: TOKEN, ...answers },
  };
}

const GITHUB_USER = { login: 'Ann', id: 7, email: 'a@x.org' };
const GITHUB: readonly (readonly [
  title: string,
  rules: Rules,
  answers: Readonly<Record<string, unknown>>,
])[] = [
  ['no rule', {}, {}],
  ['allow_all', { allow_all: true }, {}],
  [
    'a member of an organization',
    { allowed_organizations: set('org') },
    { 'api/orgs/org/members/ann': 204, 'api/orgs/org/members/Ann': 204 },
  ],
  ['a member of none', { allowed_organizations: set('org') }, {}],
  [
    'membership that may not be asked for',
    { allowed_organizations: set('org') },
    { 'api/orgs/org/members/ann': 302, 'api/orgs/org/members/Ann': 302 },
  ],
  [
    'a member of a team',
    { allowed_organizations: set('org:team') },
    { 'api/orgs/org/teams/team/members/ann': 204, 'api/orgs/org/teams/team/members/Ann': 204 },
  ],
  [
    'a member of another team',
    { allowed_organizations: set('org:team') },
    { 'api/orgs/org/teams/other/members/ann': 204, 'api/orgs/org/teams/other/members/Ann': 204 },
  ],
  [
    'a member who is blocked',
    { allowed_organizations: set('org'), blocked_users: set('ann') },
    { 'api/orgs/org/members/ann': 204, 'api/orgs/org/members/Ann': 204 },
  ],
  [
    'a private e-mail address',
    { allow_all: true },
    {
      'api/user': { ...GITHUB_USER, email: null },
      'login/oauth/access_token': { ...TOKEN, scope: 'user:email' },
      'api/user/emails': [{ email: 'p@x.org', primary: true }],
    },
  ],
  [
    'teams as groups',
    {
      allow_all: true,
      scope: ['read:org'],
      populate_teams_in_auth_state: true,
      manage_groups: true,
      auth_state_groups_key: 'teams',
    },
    { 'api/user/teams': [] },
  ],
  [
    'a member under another name at the hub',
    { allowed_organizations: set('org'), username_map: { ann: 'bob' } },
    { 'api/orgs/org/members/Ann': 204 },
  ],
  [
    'somebody else whose login is the name at the hub',
    { allowed_organizations: set('org'), username_map: { ann: 'bob' } },
    { 'api/orgs/org/members/bob': 204 },
  ],
  [
    'teams without the scope for them',
    { allow_all: true, scope: ['user:email'], populate_teams_in_auth_state: true },
    { 'api/user/teams': 403 },
  ],
];

const GOOGLE_USER = { email: 'Ann@School.org', verified_email: true, hd: 'school.org', id: '9' };
const GOOGLE: readonly (readonly [title: string, rules: Rules, user?: Readonly<Record<string, unknown>>])[] =
  [
    ['no rule', {}],
    ['allow_all', { allow_all: true }],
    ['allowed_users', { allowed_users: set('ann@school.org') }],
    ['one hosted_domain', { allow_all: true, hosted_domain: ['school.org'] }],
    ['one hosted_domain in capitals', { allow_all: true, hosted_domain: ['School.ORG'] }],
    ['another hosted_domain', { allow_all: true, hosted_domain: ['other.org'] }],
    ['two hosted domains', { allow_all: true, hosted_domain: ['school.org', 'other.org'] }],
    ['a hosted_domain and no rule', { hosted_domain: ['school.org'] }],
    [
      'a consumer account with an address of the domain',
      { allow_all: true, hosted_domain: ['school.org'] },
      { ...GOOGLE_USER, hd: undefined },
    ],
    ['an administrator outside the domain', { admin_users: set('ann'), hosted_domain: ['other.org'] }],
    ['an administrator without its domain', { admin_users: set('ann'), hosted_domain: ['school.org'] }],
    ['domains kept', { allow_all: true, hosted_domain: ['school.org'], strip_domain: false }],
    [
      'an address that is not verified',
      { allowed_users: set('ann@school.org') },
      { ...GOOGLE_USER, verified_email: false },
    ],
    [
      'an address that is not verified, and allow_all',
      { allow_all: true },
      { ...GOOGLE_USER, verified_email: false },
    ],
  ];

const DIRECTORY = 'admin/directory/v1/groups';
const inSchool = (...groups: readonly string[]) => ({ 'school.org': set(...groups) });
const listed = (...names: readonly string[]) => ({
  groups: names.map((name) => ({ email: name.includes('@') ? name : `${name}@school.org` })),
});
/** Rules by Google groups; Ann is in `teachers` and `everybody` unless the directory says otherwise. */
const GOOGLE_GROUPS: readonly (readonly [
  title: string,
  rules: Rules,
  answers?: Readonly<Record<string, unknown>>,
])[] = [
  ['a member of an allowed group', { allowed_google_groups: inSchool('teachers') }],
  ['a member of another group', { allowed_google_groups: inSchool('pupils') }],
  ['a member of an admin group', { admin_google_groups: inSchool('teachers') }],
  ['no member of an admin group', { admin_google_groups: inSchool('heads') }],
  ['no member of an admin group, and allow_all', { admin_google_groups: inSchool('heads'), allow_all: true }],
  [
    'an admin who has left the admin group',
    { admin_google_groups: inSchool('heads'), allow_all: true },
    { user: { email: 'zoe@school.org', verified_email: true, hd: 'school.org', id: '1' } },
  ],
  [
    'an admin by name beside an admin group',
    { admin_users: set('ann'), admin_google_groups: inSchool('heads') },
  ],
  [
    'an allowed group and an admin group',
    { allowed_google_groups: inSchool('everybody'), admin_google_groups: inSchool('teachers') },
  ],
  [
    'an allowed group and another admin group',
    { allowed_google_groups: inSchool('everybody'), admin_google_groups: inSchool('heads') },
  ],
  ['a blocked member', { allowed_google_groups: inSchool('teachers'), blocked_users: set('ann') }],
  [
    'a member from another hosted domain',
    { allowed_google_groups: inSchool('teachers'), hosted_domain: ['other.org'] },
  ],
  ['the older name', { google_group_whitelist: inSchool('teachers') }],
  [
    'a group on the second page',
    { allowed_google_groups: inSchool('late') },
    {
      [DIRECTORY]: { ...listed('early'), nextPageToken: 'two' },
      [`${DIRECTORY}?userKey=Ann@School.org&pageToken=two`]: listed('late'),
    },
  ],
  [
    'a member of a group within a group',
    { allowed_google_groups: inSchool('staff') },
    { [`${DIRECTORY}?userKey=teachers@school.org`]: listed('staff') },
  ],
  [
    'a member of a group within a group, which counts',
    { allowed_google_groups: inSchool('staff'), include_nested_groups: true },
    {
      [`${DIRECTORY}?userKey=teachers@school.org`]: listed('staff'),
      [`${DIRECTORY}?userKey=staff@school.org`]: listed('teachers'),
      [`${DIRECTORY}?userKey=everybody@school.org`]: {},
    },
  ],
  [
    'a group of that name in another domain of the organization',
    { allowed_google_groups: inSchool('guests') },
    { [DIRECTORY]: listed('guests@lab.school.org') },
  ],
  [
    'groups of the hub',
    {
      allowed_google_groups: inSchool('teachers'),
      manage_groups: true,
      auth_state_groups_key: 'google_user.google_groups',
    },
  ],
  [
    'admin_groups beside an admin group',
    {
      admin_google_groups: inSchool('heads'),
      manage_groups: true,
      auth_state_groups_key: 'google_user.google_groups',
      admin_groups: set('teachers'),
    },
  ],
  ['no groups at all', { allowed_google_groups: inSchool('teachers'), allow_all: true }, { [DIRECTORY]: {} }],
  [
    'somebody whom the directory does not know',
    { allowed_google_groups: inSchool('teachers'), allowed_users: set('ann') },
    { [DIRECTORY]: 404 },
  ],
  ['a directory that refuses', { allowed_google_groups: inSchool('teachers') }, { [DIRECTORY]: 403 }],
  [
    'somebody of a domain without groups',
    { allowed_google_groups: inSchool('teachers'), hosted_domain: [], allow_all: true },
    { user: { email: 'ann@other.org', verified_email: true, id: '9' } },
  ],
  ['a key that is refused', { allowed_google_groups: inSchool('teachers') }, { 'sa-token': 400 }],
  ['no administrator to act as', { allowed_google_groups: inSchool('teachers'), gsuite_administrator: {} }],
  ['no key', { admin_google_groups: inSchool('teachers'), google_service_account_keys: {} }],
  [
    'a key file that is not there',
    {
      allowed_google_groups: inSchool('teachers'),
      google_service_account_keys: { 'school.org': 'no-such-file.json' },
    },
  ],
];

const GITLAB: readonly (readonly [
  title: string,
  rules: Rules,
  answers: Readonly<Record<string, unknown>>,
])[] = [
  ['no rule', {}, {}],
  ['a member of a group', { allowed_gitlab_groups: set('team') }, { 'api/v4/groups/team/members/all/7': {} }],
  ['a member of none', { allowed_gitlab_groups: set('team') }, {}],
  [
    'a developer of a project',
    { allowed_project_ids: set(3) },
    { 'api/v4/projects/3/members/all/7': { access_level: 30 } },
  ],
  [
    'a reporter of a project',
    { allowed_project_ids: set(3) },
    { 'api/v4/projects/3/members/all/7': { access_level: 20 } },
  ],
  ['allowed_users', { allowed_users: set('ann') }, {}],
];

const OPENSHIFT: readonly (readonly [title: string, rules: Rules])[] = [
  ['no rule', {}],
  ['allow_all', { allow_all: true }],
  ['allowed_groups', { manage_groups: true, allowed_groups: set('pupils') }],
  ['admin_groups', { manage_groups: true, admin_groups: set('pupils') }],
  ['other admin_groups', { manage_groups: true, admin_groups: set('staff'), allow_all: true }],
];

const AZURE: readonly (readonly [title: string, rules: Rules, claims?: Readonly<Record<string, unknown>>])[] =
  [
    ['allow_all', { allow_all: true }],
    ['no rule', {}],
    ['groups', { manage_groups: true, admin_groups: set('g1') }],
    ['a token for another client', { allow_all: true }, { aud: 'somebody-else' }],
    ['a token that has expired', { allow_all: true }, { exp: 1000 }],
  ];

const AUTH0: readonly (readonly [title: string, rules: Rules, user?: Readonly<Record<string, unknown>>])[] = [
  ['no rule', {}],
  ['allow_all', { allow_all: true }],
  ['allowed_users', { allowed_users: set('ann@x.org') }],
  ['admin_users', { admin_users: set('Ann@x.org') }],
  ['another claim', { allow_all: true, username_claim: 'nickname' }],
  ['the older name of a claim', { allow_all: true, username_key: 'nickname' }],
  ['an address that is not verified', { allowed_users: set('ann@x.org') }, { email_verified: false }],
  ['an address that is not verified, and allow_all', { allow_all: true }, { email_verified: false }],
  [
    'an address that is not verified, another claim',
    { allowed_users: set('nick'), username_claim: 'nickname' },
    { email_verified: false },
  ],
  [
    'any address',
    { allowed_users: set('ann@x.org'), allow_unverified_email: true },
    { email_verified: false },
  ],
  [
    'groups',
    { manage_groups: true, auth_state_groups_key: 'auth0_user.groups', allowed_groups: set('pupils') },
  ],
];

const WORKSPACES = '2.0/workspaces?role=member';
const BITBUCKET: readonly (readonly [
  title: string,
  rules: Rules,
  answers: Readonly<Record<string, unknown>>,
])[] = [
  ['no rule', {}, {}],
  ['allow_all', { allow_all: true }, {}],
  ['a member of a team', { allowed_teams: set('Lab') }, { [WORKSPACES]: { values: [{ name: 'Lab' }] } }],
  [
    'a member of another team',
    { allowed_teams: set('Lab') },
    { [WORKSPACES]: { values: [{ name: 'lab' }] } },
  ],
  [
    'a team on the second page',
    { allowed_teams: set('Lab') },
    {
      [WORKSPACES]: { values: [{ name: 'A' }], next: 'BASE/2.0/workspaces?page=2' },
      '2.0/workspaces?page=2': { values: [{ name: 'Lab' }] },
    },
  ],
  ['the older name', { team_whitelist: set('Lab') }, { [WORKSPACES]: { values: [{ name: 'Lab' }] } }],
  [
    'a blocked member',
    { allowed_teams: set('Lab'), blocked_users: set('ann') },
    { [WORKSPACES]: { values: [{ name: 'Lab' }] } },
  ],
  ['teams that may not be asked for', { allowed_teams: set('Lab') }, { [WORKSPACES]: 403 }],
  [
    'teams as groups',
    {
      allowed_teams: set('Lab'),
      manage_groups: true,
      auth_state_groups_key: 'user_teams',
      admin_groups: set('Lab'),
    },
    { [WORKSPACES]: { values: [{ name: 'Lab' }, { name: 'A' }] } },
  ],
];

const IDP = 'https://idp.x.org/shibboleth';
const OTHER = 'https://github.com/login/oauth/authorize';
const byEmail = (rules: Rules = {}, name: Rules = {}) => ({
  idps: { [IDP]: { username_derivation: { username_claim: 'email', ...name }, ...rules } },
});
const CILOGON: readonly (readonly [title: string, rules: Rules, user?: Readonly<Record<string, unknown>>])[] =
  [
    ['no rule', byEmail()],
    ['no institution', {}],
    ['an empty list of institutions', { idps: {} }],
    ['allow_all', { ...byEmail(), allow_all: true }],
    ['allow_all of the institution', byEmail({ allow_all: true })],
    ['another institution', byEmail({ allow_all: true }), { idp: OTHER }],
    ['no institution in the answer', { ...byEmail(), allow_all: true }, { idp: undefined }],
    ['a domain', byEmail({ allowed_domains: ['X.org'] })],
    ['another domain', byEmail({ allowed_domains: ['y.org'] })],
    ['a pattern of domains', byEmail({ allowed_domains: ['*.y.org', '[w-z].?rg'] })],
    ['a pattern of other domains', byEmail({ allowed_domains: ['*.x.org', '[!x].org', 'x.or'] })],
    ['a domain by another claim', byEmail({ allowed_domains: ['lab.org'], allowed_domains_claim: 'eppn' })],
    [
      'a domain by a claim that is not there',
      byEmail({ allowed_domains: ['lab.org'], allowed_domains_claim: 'no' }),
    ],
    ['a domain taken off', byEmail({ allow_all: true }, { action: 'strip_idp_domain', domain: 'X.ORG' })],
    ['another domain left', byEmail({ allow_all: true }, { action: 'strip_idp_domain', domain: 'y.org' })],
    ['a prefix', byEmail({ allow_all: true }, { action: 'prefix', prefix: 'uni' })],
    [
      'a domain beside a prefix',
      byEmail({ allowed_domains: ['x.org'] }, { action: 'prefix', prefix: 'uni' }),
    ],
    [
      'allowed_users after a prefix',
      { ...byEmail({}, { action: 'prefix', prefix: 'u' }), allowed_users: set('u:ann@x.org') },
    ],
    ['an administrator', { ...byEmail(), admin_users: set('ann@x.org') }],
    ['a blocked user', { ...byEmail({ allow_all: true }), blocked_users: set('ann@x.org') }],
    ['a claim that is not there', byEmail({ allow_all: true }, { username_claim: 'no' })],
    ['no claim', { idps: { [IDP]: { username_derivation: {} } } }],
    ['no derivation', { idps: { [IDP]: {} } }],
    ['an unknown action', byEmail({}, { action: 'shout' })],
    ['an action without its domain', byEmail({}, { action: 'strip_idp_domain' })],
    ['an action without its prefix', byEmail({}, { action: 'prefix' })],
    ['an unknown setting', byEmail({ allow: true })],
    ['a text for allow_all', byEmail({ allow_all: 'yes' })],
    [
      'a domain instead of an entity id',
      { idps: { 'x.org': { username_derivation: { username_claim: 'email' } } } },
    ],
    ['the name of allowed_idps', { allowed_idps: byEmail({ allow_all: true }).idps }],
    ['shown_idps', { ...byEmail({ allow_all: true }), shown_idps: [IDP] }],
    ['username_claim', { ...byEmail({ allow_all: true }), username_claim: 'eppn' }],
  ];

/** `local-...` classes: `root` is an account of every machine, `nobody-like-this` of none. */
const NO_ACCOUNT = 'nobody-like-this';
const LOCAL: readonly (readonly [title: string, rules: Rules, name: string])[] = [
  ['somebody with an account', { allowed_users: set('root') }, 'root'],
  ['somebody with an account whom no rule lets in', {}, 'root'],
  ['somebody without an account', { allow_all: true }, NO_ACCOUNT],
  [
    'groups of the provider',
    { allowed_users: set('root'), manage_groups: true, admin_groups: set('pupils') },
    'root',
  ],
  ['groups without manage_groups', { allowed_groups: set('pupils') }, 'root'],
];

/** From short name to where the class finds a name, and how it is told its addresses. */
const LOCAL_CLASSES: Readonly<
  Record<string, readonly [section: string, rules: Rules, answers: (name: string) => Case['answers']]>
> = {
  'local-generic-oauth': [
    'LocalGenericOAuthenticator',
    {
      authorize_url: 'BASE/authorize',
      token_url: 'BASE/token',
      userdata_url: 'BASE/user',
    },
    (name) => ({ user: { username: name, groups: ['pupils'] } }),
  ],
  'local-github': [
    'LocalGitHubOAuthenticator',
    { github_url: 'BASE', github_api: 'BASE/api' },
    (name) => ({ 'api/user': { login: name, id: 7, email: 'a@x.org' } }),
  ],
  'local-gitlab': [
    'LocalGitLabOAuthenticator',
    { gitlab_url: 'BASE' },
    (name) => ({ 'api/v4/user': { username: name, id: 7 }, 'api/v4/version': { version: '16.1.0' } }),
  ],
  'local-google': [
    'LocalGoogleOAuthenticator',
    { token_url: 'BASE/token', userdata_url: 'BASE/user', hosted_domain: ['x.org'] },
    (name) => ({ user: { email: `${name}@x.org`, verified_email: true, hd: 'x.org', id: '9' } }),
  ],
  'local-auth0': [
    'LocalAuth0OAuthenticator',
    {
      auth0_subdomain: 'lab',
      token_url: 'BASE/token',
      userdata_url: 'BASE/user',
      username_claim: 'nickname',
    },
    (name) => ({ user: { email: 'a@x.org', email_verified: true, sub: '1', nickname: name } }),
  ],
};

export function cases(): readonly Case[] {
  const plain = { token: TOKEN, 'oauth/token': TOKEN, 'login/oauth/access_token': TOKEN };
  return [
    ...GENERIC.flatMap(([rule, rules]) =>
      PEOPLE.map(([person, user]) => genericCase(`${rule}, ${person}`, rules, { user })),
    ),
    ...SINGLE.map(([title, rules, answers]) =>
      genericCase(title, rules, { user: { username: 'ann', groups: ['pupils'] }, ...answers }),
    ),
    ...GITHUB.map(([title, rules, answers]) =>
      caseOf(
        'github',
        'GitHubOAuthenticator',
        title,
        { github_url: 'BASE', github_api: 'BASE/api', ...rules },
        {
          'login/oauth/access_token': TOKEN,
          'api/user': GITHUB_USER,
          ...answers,
        },
      ),
    ),
    ...GOOGLE.map(([title, rules, user = GOOGLE_USER]) =>
      caseOf(
        'google',
        'GoogleOAuthenticator',
        title,
        { token_url: 'BASE/token', userdata_url: 'BASE/user', ...rules },
        { ...plain, user },
      ),
    ),
    ...GOOGLE_GROUPS.map(([title, rules, answers]) =>
      caseOf(
        'google',
        'GoogleOAuthenticator',
        `groups: ${title}`,
        {
          google_api_url: 'BASE',
          token_url: 'BASE/token',
          userdata_url: 'BASE/user',
          hosted_domain: ['school.org'],
          gsuite_administrator: { 'school.org': 'boss' },
          google_service_account_keys: { 'school.org': 'KEYFILE' },
          ...rules,
        },
        {
          ...plain,
          user: GOOGLE_USER,
          'sa-token': { access_token: 'sa', expires_in: 3600, token_type: 'Bearer' },
          [DIRECTORY]: listed('teachers', 'everybody'),
          ...answers,
        },
      ),
    ),
    ...GITLAB.map(([title, rules, answers]) =>
      caseOf(
        'gitlab',
        'GitLabOAuthenticator',
        title,
        { gitlab_url: 'BASE', ...rules },
        {
          ...plain,
          'api/v4/user': { username: 'ann', id: 7 },
          'api/v4/version': { version: '16.1.0' },
          ...answers,
        },
      ),
    ),
    ...OPENSHIFT.map(([title, rules]) =>
      caseOf(
        'openshift',
        'OpenShiftOAuthenticator',
        title,
        { openshift_url: 'BASE', openshift_auth_api_url: 'BASE', ...rules },
        {
          ...plain,
          'apis/user.openshift.io/v1/users/~': { metadata: { name: 'Ann', uid: 'u' }, groups: ['pupils'] },
        },
      ),
    ),
    ...AUTH0.map(([title, rules, user]) =>
      caseOf(
        'auth0',
        'Auth0OAuthenticator',
        title,
        { auth0_domain: 'lab.auth0.com', token_url: 'BASE/token', userdata_url: 'BASE/user', ...rules },
        {
          ...plain,
          user: {
            email: 'Ann@x.org',
            email_verified: true,
            sub: 'auth0|1',
            nickname: 'nick',
            groups: ['pupils'],
            ...user,
          },
        },
      ),
    ),
    caseOf(
      'auth0',
      'Auth0OAuthenticator',
      'neither domain nor subdomain',
      { token_url: 'BASE/token', allow_all: true },
      {},
    ),
    ...BITBUCKET.map(([title, rules, answers]) =>
      caseOf(
        'bitbucket',
        'BitbucketOAuthenticator',
        title,
        { token_url: 'BASE/token', userdata_url: 'BASE/2.0/user', ...rules },
        { ...plain, '2.0/user': { username: 'Ann', account_id: '7' }, ...answers },
      ),
    ),
    ...CILOGON.map(([title, rules, user]) =>
      caseOf(
        'cilogon',
        'CILogonOAuthenticator',
        title,
        { token_url: 'BASE/token', userdata_url: 'BASE/user', ...rules },
        {
          ...plain,
          user: { email: 'Ann@X.org', eppn: 'ann@lab.org', sub: 's', idp: IDP, ...user },
        },
      ),
    ),
    ...Object.entries(LOCAL_CLASSES).flatMap(([short, [section, addresses, answers]]) =>
      LOCAL.map(([title, rules, name]) =>
        caseOf(short, section, title, { ...addresses, ...rules }, { ...plain, ...answers(name) }),
      ),
    ),
    caseOf(
      'openshift',
      'OpenShiftOAuthenticator',
      'a cluster that does not answer',
      { openshift_url: 'BASE', allow_all: true },
      { '.well-known/oauth-authorization-server': 503 },
    ),
    ...AZURE.map(([title, rules, claims]) =>
      caseOf(
        'azuread',
        'AzureAdOAuthenticator',
        title,
        { graph_url: 'BASE', token_url: 'BASE/token', ...rules },
        {
          token: {
            ...TOKEN,
            id_token: idToken({
              aud: 'the-client',
              exp: 4_000_000_000,
              name: 'Ann',
              groups: ['g1'],
              ...claims,
            }),
          },
        },
      ),
    ),
  ];
}

function caseOf(short: string, section: string, title: string, rules: Rules, answers: Case['answers']): Case {
  return {
    name: `${short}: ${title}`,
    class: short,
    config: { [section]: { ...client, ...rules } },
    users: USERS,
    answers,
  };
}

/** A signature that nobody looks at: the token comes straight from the provider. */
function idToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('none').toString('base64url')}`;
}
