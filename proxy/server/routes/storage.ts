import type { RouteChange, RouteStore } from './store.js';
import type { TableObserver } from './table.js';

/** Where the routes of one proxy are, opened; whoever opened it disposes of it. */
export interface Storage extends AsyncDisposable {
  readonly store: RouteStore;
  /** Told of every change. */
  readonly observer: TableObserver | undefined;
  /** @param announce told of what others have changed in a store that is shared */
  follow(announce: (change: RouteChange) => Promise<void>): void;
  /** For the end of the process. */
  flush(): void;
}
