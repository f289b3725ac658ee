/**
 * What the administrators' pages are asked to show, read from the address and written back into links: search, filter,
 * order and place live in the URL, so that a page can be sent to a colleague. Pure.
 */
import { withQuery } from '../../../core/wire/next-url.js';
import { queryArgument } from '../../http/query.js';

const SORTS = ['name', 'last_activity', 'id'] as const;
const STATES = ['active', 'ready', 'inactive', 'admins'] as const;
/** Far beyond any hub; keeps what is asked of the database an ordinary number. */
const MAX_OFFSET = 10_000_000;
/** Characters of a search; what a name's column takes. */
const MAX_SEARCH = 255;

export interface View {
  /** `name_filter` of the REST API. */
  readonly search: string;
  /** `''`: everybody. */
  readonly state: (typeof STATES)[number] | '';
  /** Members of that group alone; `''`: everybody. */
  readonly group: string;
  readonly sort: { readonly by: (typeof SORTS)[number]; readonly descending: boolean };
  readonly offset: number;
}

/** What does not make sense is taken as absent: a page is shown whatever the address says. */
export function viewIn(query: unknown): View {
  const text = (name: string): string => queryArgument(query, name) ?? '';
  const sort = text('sort');
  const by = SORTS.find((each) => each === sort.replace(/^-/, '')) ?? 'name';
  return {
    search: text('name_filter').slice(0, MAX_SEARCH),
    state: STATES.find((each) => each === text('state')) ?? '',
    group: text('group').slice(0, MAX_SEARCH),
    sort: { by, descending: sort.startsWith('-') },
    offset: offsetIn(query),
  };
}

export function offsetIn(query: unknown): number {
  const offset = Number.parseInt(queryArgument(query, 'offset') ?? '', 10);
  return Number.isSafeInteger(offset) ? Math.min(Math.max(0, offset), MAX_OFFSET) : 0;
}

/** The address of a view, without what is the default. */
export function viewUrl(url: string, { search, state, group, sort, offset }: View): string {
  const query: [string, string][] = [];
  if (search !== '') query.push(['name_filter', search]);
  if (state !== '') query.push(['state', state]);
  if (group !== '') query.push(['group', group]);
  if (sort.by !== 'name' || sort.descending) {
    query.push(['sort', `${sort.descending ? '-' : ''}${sort.by}`]);
  }
  if (offset > 0) query.push(['offset', String(offset)]);
  return withQuery(url, query);
}

/** An address with other values in its place; the first page unless `offset` is among them. */
export type ViewLink = (change: Partial<View>) => string;

/** The head of a column orders by it, and turns the order around when it is the order already. */
export function columnLinks(
  { sort }: View,
  link: ViewLink,
): Readonly<Record<'name' | 'last_activity', { readonly href: string; readonly order: string }>> {
  const column = (by: 'name' | 'last_activity') => {
    const current = sort.by === by;
    const descending = current ? !sort.descending : by === 'last_activity';
    return {
      href: link({ sort: { by, descending } }),
      order: current ? (sort.descending ? 'descending' : 'ascending') : 'none',
    };
  };
  return { name: column('name'), last_activity: column('last_activity') };
}

/** Where in the whole a page is, and its neighbours. */
export function pagerOf(
  offset: number,
  total: number,
  pageSize: number,
  link: (change: { readonly offset: number }) => string,
) {
  const last = Math.min(offset + pageSize, total);
  return {
    total,
    first: total === 0 ? 0 : Math.min(offset + 1, total),
    last,
    previous_url: offset > 0 ? link({ offset: Math.max(0, offset - pageSize) }) : undefined,
    next_url: last < total ? link({ offset: offset + pageSize }) : undefined,
  };
}
