/** How many requests conversations make, by what they go through. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly as?: string | undefined;
}

export interface Counted {
  /** To the REST API, with a token or with nothing. */
  readonly api: number;
  /** By cookies, to pages, through XSRF checks, redirects and OAuth. */
  readonly browser: number;
}

export function countRequests(asked: readonly Asked[]): Counted {
  const browser = asked.filter(
    ({ path, as }) => as?.includes('browser:') || !path.startsWith('/hub/api') || path.includes('/oauth2/'),
  ).length;
  return { api: asked.length - browser, browser };
}
