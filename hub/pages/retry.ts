/** Failures that may be gone a moment later: asking again is what to do, and the page of the error offers it. */
const PASSING = new Set([429, 500, 502, 503, 504]);

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where to begin anew after whatever failed here; default: the same address, where that may help. */
    retryAt?: string;
  }
}

/** Where to begin anew, or the address of the same question; `undefined` for what was no question, or will not get better. */
export function retryUrl(
  request: {
    readonly method: string;
    readonly url: string;
    readonly routeOptions?: { readonly config: { readonly retryAt?: string } };
  },
  status: number,
): string | undefined {
  const retryAt = request.routeOptions?.config.retryAt;
  if (retryAt !== undefined) return retryAt;
  const ownPath = request.url.startsWith('/') && !/^\/[/\\]/.test(request.url);
  return request.method === 'GET' && PASSING.has(status) && ownPath ? request.url : undefined;
}
