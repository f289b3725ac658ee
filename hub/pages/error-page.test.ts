import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../core/fault.js';
import type { PageContext } from './context.js';
import { errorPageText } from './error-page.js';

const PAGE = {
  status: 404,
  statusText: 'Not Found',
  message: '<no>',
  messageHtml: undefined,
  requestId: 'r1"<',
};

const REQUEST = { method: 'GET', url: '/hub/nowhere' } as FastifyRequest;

/** A context whose templates do as told. */
function contextOf(
  render: (name: string, variables?: Readonly<Record<string, unknown>>) => string,
  names: readonly string[] = [],
  templateVars: Readonly<Record<string, unknown>> = {},
) {
  const logged: unknown[][] = [];
  const context = {
    urls: { hubPrefix: '/hub/', baseUrl: '/' },
    sessions: { xsrfToken: () => '' },
    renderer: { render, has: (name: string) => names.includes(name), isJinja: false },
    templateVars,
    services: () => [],
    log: { error: (...values: unknown[]) => logged.push(values) },
  } as unknown as PageContext;
  const text = (change = {}) => errorPageText(context, REQUEST, {} as FastifyReply, { ...PAGE, ...change });
  return { text, logged };
}

describe('the page of a failure', () => {
  it('is that of its status where there is one', () => {
    expect(contextOf((name) => name).text()).toBe('error.html');
    expect(contextOf((name) => name, ['404.html']).text()).toBe('404.html');
  });

  it('shows the HTML of a fault that brings it, else that of the configuration', () => {
    const shown = (_name: string, variables: Readonly<Record<string, unknown>> = {}) =>
      String(variables['message_html']);
    const { text } = contextOf(shown, [], { message_html: '<i>ours</i>' });
    expect(text()).toBe('<i>ours</i>');
    expect(text({ messageHtml: '<b>Quota</b>' })).toBe('<b>Quota</b>');
  });

  it('is a plain one when its template fails, whose place goes to the log', () => {
    const { text, logged } = contextOf(() => {
      throw new Fault('TEMPLATE', 'no page', { detail: 'error.html:3: bad' });
    });
    expect(text()).toMatch(
      /^<!doctype html>[\s\S]*<h1>404: Not Found<\/h1><p>Request <code>r1<\/code>[\s\S]*<\/html>\n$/,
    );
    expect(logged).toEqual([
      ['the error page could not be made', { requestId: 'r1"<', status: 404, detail: 'error.html:3: bad' }],
    ]);
  });

  it.each([
    [
      'fails',
      () => {
        throw new Error('boom');
      },
      'boom',
    ],
    [
      'is not waited for',
      () => Promise.reject(new Error('late')),
      'JupyterHub.template_vars: weather gave a promise; pages do not wait',
    ],
  ])('is a plain one when a function of template_vars %s', (_how, weather, detail) => {
    const { text, logged } = contextOf((name) => name, [], { weather });
    expect(text()).toContain('<h1>404: Not Found</h1>');
    expect(logged).toEqual([[expect.any(String), expect.objectContaining({ detail })]]);
  });
});
