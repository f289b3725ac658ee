/** Parameters of OAuth requests: form-encoded in query and body, each at most once. */

const MAX_PARAMETERS = 1000;
/** Characters that an urlencoded text may have (oauthlib 3 takes some beyond RFC 3986). */
const URLENCODED = /^(?:[A-Za-z0-9_.\-=&;:%+~,*@!()/?'$"#[\]{}^`|\\ ]|[<>])*$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

export class OAuthParameters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  private constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** `undefined` when a text is not urlencoded UTF-8, or endless. */
  static parse(...texts: readonly string[]): OAuthParameters | undefined {
    const values = new Map<string, string[]>();
    let count = 0;
    for (const text of texts) {
      if (!URLENCODED.test(text) || BAD_ESCAPE.test(text) || !isUtf8(text)) return undefined;
      for (const [name, value] of new URLSearchParams(text)) {
        count += 1;
        if (count > MAX_PARAMETERS) return undefined;
        const list = values.get(name);
        if (list) list.push(value);
        else values.set(name, [value]);
      }
    }
    return new OAuthParameters(values);
  }

  static readonly NONE = new OAuthParameters(new Map());

  get(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The first of the names that came more than once: which one was meant would be anybody's guess. */
  repeated(names: readonly string[]): string | undefined {
    return names.find((name) => this.all(name).length > 1);
  }
}

function isUtf8(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}
