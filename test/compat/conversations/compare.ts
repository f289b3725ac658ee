/** What is compared of two answers to the same request, and how a difference is said. */

/** An answer with everything that varies from run to run replaced by names. */
export interface Response {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly json?: unknown;
  readonly events?: readonly string[];
  readonly page?: Page;
}

interface Page {
  readonly forms: ReadonlyArray<{
    readonly action: string | null;
    readonly method: string | null;
    readonly inputs: ReadonlyArray<{ readonly name?: string }>;
  }>;
}

export interface Step {
  readonly note?: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response: Response;
}

export interface Difference {
  readonly talk: string;
  readonly index: number;
  readonly request: string;
  readonly note: string;
  /** `status`, `header NAME`, `json`, `body`, `events`, `forms`. */
  readonly what: string;
  readonly theirs: unknown;
  readonly ours: unknown;
}

/** Headers that a client can notice. Of the content security policy see `framing`; of an ETag only that there is one. */
const COMPARED = [
  'location',
  'content-type',
  'x-jupyterhub-version',
  'cache-control',
  'pragma',
  'retry-after',
  'www-authenticate',
  'access-control-allow-headers',
  'access-control-allow-origin',
  'etag',
];

export function compareSteps(
  talk: string,
  theirs: readonly Step[],
  ours: readonly Step[],
): readonly Difference[] {
  const found: Difference[] = [];
  if (theirs.length !== ours.length) {
    const lengths = { theirs: theirs.length, ours: ours.length };
    found.push({ talk, index: -1, request: '', note: '', what: 'number of steps', ...lengths });
  }
  for (const [index, step] of theirs.entries()) {
    const other = ours[index];
    if (!other) break;
    // a step without a request says how another one, still under way, ended
    const request = `${step.request?.method ?? '-'} ${step.request?.path ?? '-'}`.slice(0, 200);
    for (const difference of compareResponses(step.response, other.response)) {
      found.push({ talk, index, request, note: step.note ?? '', ...difference });
    }
  }
  return found;
}

type Aspect = Pick<Difference, 'what' | 'theirs' | 'ours'>;

function compareResponses(theirs: Response, ours: Response): readonly Aspect[] {
  const aspects: Aspect[] = [{ what: 'status', theirs: theirs.status, ours: ours.status }];
  for (const name of COMPARED) {
    aspects.push({
      what: `header ${name}`,
      theirs: theirs.headers?.[name] ?? null,
      ours: ours.headers?.[name] ?? null,
    });
  }
  aspects.push({ what: 'header set-cookie', theirs: cookies(theirs), ours: cookies(ours) });
  aspects.push({ what: 'framing', theirs: framing(theirs), ours: framing(ours) });
  aspects.push(...content(theirs, ours));
  return aspects.filter((aspect) => canonical(aspect.theirs) !== canonical(aspect.ours));
}

function cookies(response: Response): readonly string[] {
  return [response.headers?.['set-cookie'] ?? []].flat().map(cookie).sort();
}

/** Attributes in any order. */
function cookie(line: string): string {
  // the recorder knows some xsrf tokens by name and others not
  const [pair = '', ...attributes] = line.replace('{cookie:_xsrf}', '{xsrf}').split('; ');
  return [
    pair,
    ...attributes.map((each) => each.replace(/^[^=]+/, (name) => name.toLowerCase())).sort(),
  ].join('; ');
}

/** Directives that decide who may embed the answer, and that JSON is never a document. */
function framing(response: Response): readonly string[] {
  const policy = String(response.headers?.['content-security-policy'] ?? '');
  return policy
    .split(';')
    .map((each) => each.trim())
    .filter((each) => /^(?:frame-ancestors|report-uri)\b|^default-src 'none'/.test(each))
    .sort();
}

/** JSON value by value, text and events whole; of pages, whose looks are ours, that they are pages. */
function content(theirs: Response, ours: Response): readonly Aspect[] {
  const kinds = [kindOf(theirs), kindOf(ours)];
  if (kinds[0] !== kinds[1]) return [{ what: 'kind of body', theirs: kinds[0], ours: kinds[1] }];
  if (theirs.json !== undefined) return jsonDifferences('json', theirs.json, ours.json);
  if (theirs.events) {
    return jsonDifferences('events', theirs.events.map(parseEvent), (ours.events ?? []).map(parseEvent));
  }
  return theirs.page ? [] : [{ what: 'body', theirs: theirs.body ?? '', ours: ours.body ?? '' }];
}

function parseEvent(text: string): unknown {
  return text.startsWith('data: ') ? (JSON.parse(text.slice('data: '.length)) as unknown) : text;
}

/** The places at which two values differ, by path. */
function jsonDifferences(path: string, theirs: unknown, ours: unknown): readonly Aspect[] {
  if (isObject(theirs) && isObject(ours) && Array.isArray(theirs) === Array.isArray(ours)) {
    const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
    return [...keys].flatMap((key) => jsonDifferences(`${path}.${key}`, theirs[key], ours[key]));
  }
  return canonical(theirs) === canonical(ours)
    ? []
    : [{ what: path, theirs: theirs ?? null, ours: ours ?? null }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function kindOf(response: Response): string {
  if (response.page) return 'page';
  if (response.events) return 'events';
  if (response.json !== undefined) return 'json';
  return response.body ? 'text' : 'nothing';
}

/** Equal for equal values, whatever the order of an object's keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
