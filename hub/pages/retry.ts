/** Failures that may be gone a moment later: asking again is what to do, and the page of the error offers it. */
const PASSING = new Set([429, 500, 502, 503, 504]);

/** Address of the same question; `undefined` for what was no question, or will not get better. */
export function retryUrl(
  request: { readonly method: string; readonly url: string },
  status: number,
): string | undefined {
  const ownPath = request.url.startsWith('/') && !/^\/[/\\]/.test(request.url);
  return request.method === 'GET' && PASSING.has(status) && ownPath ? request.url : undefined;
}
