/**
 * Every way in which our hub answers otherwise than JupyterHub 6.1.1, on purpose, with the reason. What is not covered by
 * a row fails the test; `docs/compatibility.md` has the same rows.
 */
import type { Difference } from './compare.js';

interface Row {
  readonly name: string;
  readonly why: string;
  /** No choice of ours: it differs from run to run. */
  readonly varies?: true;
  /** Which conversations and requests; absent: all. */
  readonly talk?: RegExp;
  readonly request?: RegExp;
  readonly note?: RegExp;
  /** The two statuses of the step, as JSON; absent: whatever they are, also when they are equal. */
  readonly status?: readonly [theirs: RegExp, ours: RegExp];
  /** Which aspects of the answers it explains. */
  readonly what: RegExp;
  /** Of the values: JSON of theirs and ours. */
  readonly values?: readonly [theirs: RegExp, ours: RegExp];
}

/** Everything that goes with another status: the body and the headers that belong to it. */
const ALL = /./;

export const ROWS: readonly Row[] = [
  {
    name: "a caller's mistake is a 4xx, never a 5xx",
    why: '5xx is for faults of the hub',
    status: [/^500$/, /^4\d\d$/],
    what: ALL,
  },
  {
    name: 'a NUL in a path, query or form is refused',
    why: 'no name has one, and PostgreSQL refuses to be asked for it',
    request: /%00/,
    status: [/^(?:200|302|404|424)$/, /^400$/],
    what: ALL,
  },
  {
    name: 'a NUL in a path, query or form is refused (other words)',
    why: 'as the row before',
    request: /%00|\/login$|oauth2\/token|shares\/alice\/gpu/,
    what: /^json\.message$|^status$/,
    values: [/u0000|integers|^40\d$/, /NUL|must be a name|^400$/],
  },
  {
    name: 'names longer than their column, with a NUL, or no text are refused',
    why: 'the database column takes 255 characters, and PostgreSQL insists on it',
    request: /^POST \/hub\/api\/(?:users|groups)\b/,
    status: [/^201$/, /^400$/],
    what: ALL,
    values: [/x{50}|\\u0000|"name":1\b|^201$|^null$/, /Invalid|must be a list|400|null/],
  },
  {
    name: 'cookies are Secure when any proxy on the way says https',
    why: 'JupyterHub believes the nearest proxy only, which speaks http behind one with TLS',
    talk: /^the way in$/,
    request: /login$/,
    what: /^header set-cookie$/,
    values: [/^(?!.*secure)/i, /; secure/],
  },
  {
    name: 'JSON that is not UTF-8 is refused',
    why: 'JupyterHub makes a user whose name is a replacement character',
    talk: /^api-bad-bodies$/,
    status: [/^201$/, /^400$/],
    what: ALL,
    values: [/\uFFFD|^201$|^null$/u, /Invalid JSON|^400$|null/],
  },
  {
    name: 'bytes of a bad path are not sent back',
    why: 'what cannot be read is not repeated',
    what: /^json\.message$/,
    values: [/^"Invalid unicode in /, /^"Invalid unicode in /],
  },
  {
    name: 'a path that cannot be decoded gets no cookie',
    why: 'it meets no session',
    talk: /^hostile$/,
    request: /%ff/,
    what: /^header set-cookie$/,
  },
  {
    name: 'a path whose fixed parts are escaped is 404 at once',
    why: 'it meets no session; JupyterHub first asks a write for its XSRF token',
    talk: /^paths-with-escapes$/,
    request: /%61pi|hom%65/,
    what: /^(?:header set-cookie|status|framing)$/,
    values: [/xsrf|403|frame/, /\[\]|404|frame/],
  },
  {
    name: 'a bad percent sign is 400',
    why: 'it is no URL (RFC 3986 section 2.1)',
    request: /%$|%zz/,
    status: [/^404$/, /^400$/],
    what: ALL,
  },
  {
    name: 'a part of a path longer than 1024 characters is 414',
    why: 'everything is bounded',
    request: /x{150}/,
    status: [/^404$/, /^414$/],
    what: ALL,
  },
  {
    name: 'a body over 1 MB is 413, headers over 16 kB are 431',
    why: 'everything is bounded; JupyterHub hangs up, or reads on',
    talk: /^hostile-bodies$/,
    status: [/^(?:400|null)$/, /^(?:413|431)$/],
    what: ALL,
  },
  {
    name: 'a token note is cut to its column',
    why: 'the column takes 1023 characters, and PostgreSQL insists on it',
    what: /^json\.note$/,
    values: [/n{1100}/, /^"n{1023}"$/],
  },
  {
    name: 'JSON with half of a character is 400',
    why: 'it has no UTF-8: a database would keep another text, and a client could not read it back',
    talk: /^hostile-bodies$/,
    note: /ud800/,
    what: ALL,
  },
  {
    name: 'NaN is no JSON',
    why: 'RFC 8259 has no such number; the answer is 400 either way',
    talk: /^api-bad-bodies$/,
    what: /^json\.message$/,
    values: [/Must specify at least one user/, /Invalid JSON/],
  },
  {
    name: 'each new user is answered once',
    why: 'a name that comes twice in one request is one user',
    talk: /^users-by-a-keeper$/,
    request: /^POST \/hub\/api\/users$/,
    what: /^json\.2$/,
    values: [/"new-one"/, /^null$/],
  },
  {
    name: "messages of shares' bodies are our own",
    why: "JupyterHub's are dumps of its validation library",
    request: /\/share(?:s|-codes)\//,
    what: /^json\.message$/,
    values: [/validation errors? for/, /./],
  },
  {
    name: 'the message for an unknown scope has no second quotes',
    why: "they are an accident of Python's KeyError",
    what: /^json\.message$/,
    values: [/^"\\"Scope 'nope'/, /^"Scope 'nope'/],
  },
  {
    name: 'a server holds our keys in its state beside pid',
    why: 'a process is known by pid, start time and boot id, so that nothing else is adopted or ended',
    what: /\.state\.anteroom$/,
  },
  {
    name: 'user options and state of a server are never null',
    why: 'JupyterHub answers null or {} by what happens to be in its memory',
    what: /\.(?:user_options|state)$/,
    values: [/^(?:null|\{\})$/, /^(?:null|\{\})$/],
  },
  {
    name: 'ports and process ids vary',
    varies: true,
    why: 'no difference of the hubs',
    what: /\.state\.pid$|^json\.\/user\/alice\/\.target$/,
  },
  {
    name: 'ids of tokens vary where fewer codes were exchanged',
    varies: true,
    why: 'follows from the row on burned codes',
    talk: /^oauth-token-life$/,
    what: /^json\.token_id$/,
  },
  {
    name: '/info also names our own version',
    why: 'the version that clients compare stays that of JupyterHub',
    request: /^GET \/hub\/api\/info/,
    what: /^json\.anteroom$/,
  },
  {
    name: '/info tells of Node where JupyterHub tells of Python',
    why: 'what the hub runs on is another runtime',
    request: /^GET \/hub\/api\/info/,
    what: /^json\.(?:python|sys_executable)$/,
  },
  {
    name: 'share codes are secrets made at random',
    varies: true,
    why: 'no difference of the hubs',
    talk: /^(?:matrix|escalation)\b/,
    what: /^json\.(?:code|accept_url)$/,
    values: [/[\w-]{43}"$/, /[\w-]{43}"$/],
  },
  {
    name: 'a service made by the API is answered at once',
    why: 'JupyterHub waits until its URL answers, 30 s when nobody is there',
    talk: /^api-services$/,
    request: /^POST \/hub\/api\/services\/new$/,
    what: ALL,
  },
  {
    name: 'a service made by the API has its route at once',
    why: 'JupyterHub waits for the next look at the routes, up to 5 minutes',
    talk: /^api-proxy$/,
    request: /^GET \/hub\/api\/proxy/,
    what: /^json\.(?:(?:items\.)?\/services\/new\/|_pagination\.total)$/,
  },
  {
    name: 'OPTIONS of the event stream is no event stream',
    why: 'its body is empty',
    request: /^OPTIONS .*\/progress/,
    what: /^header content-type$/,
    values: [/event-stream/, /json/],
  },
  {
    name: 'the 400 of a form that is not UTF-8 has a page',
    why: "JupyterHub's 400 has no page at all",
    talk: /^hostile$/,
    note: /not UTF-8/,
    what: ALL,
  },
  {
    name: 'an unknown method is 400',
    why: "Node's parser knows only registered methods",
    request: /^BREW/,
    what: ALL,
  },
  {
    name: 'CONNECT and requests in absolute form',
    why: 'a server that is no proxy hangs up on the one and serves the other (RFC 9112 section 3.2.2)',
    talk: /^hostile-lines$/,
    request: /CONNECT|http:\/\//,
    what: /^status$/,
  },
  {
    name: 'next=// goes nowhere else',
    why: 'a Location of // is no address',
    talk: /^next-urls$/,
    note: /'\/\/'/,
    what: /^header location$/,
  },
  {
    name: 'static files carry the headers of the hub',
    why: 'a stricter answer than that of a bare file handler',
    request: /\/static\/|\/favicon\.ico|\/robots\.txt/,
    what: /^header (?:x-jupyterhub-version|access-control-allow-headers|set-cookie|content-type)$|^framing$/,
  },
  {
    name: 'the icon is an SVG, whatever it is asked for as',
    why: 'ours, and sharp at every size',
    request: /favicon\.ico/,
    what: /^(?:body|kind of body)$/,
  },
  {
    name: 'authorize answers are not to be stored',
    why: 'a code in a Location, or a form that makes one, is nothing for a cache',
    request: /\/oauth2\/authorize/,
    what: /^header cache-control$/,
    values: [/null/, /no-store/],
  },
  {
    name: 'a wrong or missing PKCE verifier uses the code up',
    why: 'who has a code but not its verifier has stolen it',
    talk: /^oauth-code-reuse$/,
    note: /then the right one/,
    status: [/^200$/, /^400$/],
    what: ALL,
  },
  {
    name: 'a start that was cancelled is 400 and says so',
    why: 'nothing failed',
    talk: /^server-cancelled$/,
    what: /^body$/,
    values: [/Internal Server Error/, /was cancelled/],
  },
  {
    name: 'a start that is still pending is 202, also after a failed one',
    why: 'JupyterHub asks the spawner that was replaced',
    talk: /^server-(?:cancelled|fails)$/,
    status: [/^201$/, /^202$/],
    what: /^status$/,
  },
  {
    name: 'progress of a cancelled start is 400 as of any stopped server',
    why: 'JupyterHub forgets that the server was ever there',
    talk: /^server-cancelled$/,
    status: [/^404$/, /^400$/],
    what: ALL,
  },
  {
    name: 'a failed start says why',
    why: 'a process that exits is seen at once, and its status told; JupyterHub waits for the timeout and answers without a reason',
    talk: /^server-fails$/,
    what: /^json\.message$|^events\./,
  },
  {
    name: 'a failed start leaves no token behind',
    why: 'a token of a process that is gone is of use to nobody good',
    talk: /^server-fails$/,
    request: /\/tokens$/,
    what: /^json\.api_tokens\.1$/,
    values: [/Server at \/user\/alice\//, /^null$/],
  },
  {
    name: 'a start that fails within a second is shown at once',
    why: 'JupyterHub does not know yet, and sends to the pending page',
    talk: /^spawn-pages$/,
    note: /exits at once/,
    what: ALL,
  },
  {
    name: 'no XSRF token in an address',
    why: 'addresses are kept in histories and logs',
    talk: /^(?:spawn-pages|hooks-form)$/,
    what: /^header location$/,
    values: [/_xsrf/, /spawn-pending\/\w+(?:\?next=[^"_]*)?"$/],
  },
  {
    name: 'a connection to a hub that has ended is refused',
    why: 'it ends faster than the next request comes',
    talk: /^shutdown$/,
    what: /^body$/,
    values: [/Error/, /Error/],
  },
];

export interface Explained {
  readonly unexplained: readonly Difference[];
  readonly rows: ReadonlySet<Row>;
}

export function explain(differences: readonly Difference[]): Explained {
  const rows = new Set<Row>();
  const unexplained = differences.filter((difference) => {
    const status = differences.find(
      (other) =>
        other.talk === difference.talk && other.index === difference.index && other.what === 'status',
    );
    const row = ROWS.find((each) => covers(each, difference, status));
    if (row) rows.add(row);
    return row === undefined;
  });
  return { unexplained, rows };
}

function covers(row: Row, difference: Difference, status: Difference | undefined): boolean {
  if (row.talk && !row.talk.test(difference.talk)) return false;
  if (row.request && !row.request.test(difference.request)) return false;
  if (row.note && !row.note.test(difference.note)) return false;
  if (row.status && (!status || !both(row.status, status))) return false;
  return row.what.test(difference.what) && (!row.values || both(row.values, difference));
}

function both([theirs, ours]: readonly [RegExp, RegExp], difference: Difference): boolean {
  return theirs.test(text(difference.theirs)) && ours.test(text(difference.ours));
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined';
}
