/**
 * The contract of the hub's store (hub/store/types.ts), run on every database it speaks.
 *
 * `make` gives a store on an empty database of its own; it is disposed of after each test. What a database cannot do
 * is skipped by test title with a reason, which is printed.
 */
import { describe } from 'vitest';
import type { Store } from '../../hub/store/index.js';
import { describeGroups } from './store/groups.js';
import { describeIdentities } from './store/identities.js';
import { describeOAuth } from './store/oauth.js';
import { describeRoles } from './store/roles.js';
import { describeServices } from './store/services.js';
import { describeShares } from './store/shares.js';
import { describeSpawners } from './store/spawners.js';
import { type Check, checksOn } from './store/subject.js';
import { describeTokens } from './store/tokens.js';
import { describeTransactions } from './store/transactions.js';
import { describeUsers } from './store/users.js';

export interface StoreSuite {
  readonly name: string;
  make(): Promise<Store>;
  readonly capabilities: {
    /** Another store may open the same database after the first is closed. */
    readonly reopen?: (closed: Store) => Promise<Store>;
  };
  /** Test title to the reason why it does not apply. */
  readonly skip?: Readonly<Record<string, string>>;
}

export function describeStore(suite: StoreSuite): void {
  const parts: Readonly<Record<string, (check: Check) => void>> = {
    users: describeUsers,
    spawners: describeSpawners,
    groups: describeGroups,
    roles: describeRoles,
    services: describeServices,
    tokens: describeTokens,
    oauth: describeOAuth,
    identities: describeIdentities,
    shares: describeShares,
    transactions: describeTransactions,
  };
  describe(`${suite.name}: the store's contract`, () => {
    const check = checksOn(suite);
    for (const [part, describePart] of Object.entries(parts)) describe(part, () => describePart(check));
  });
}
