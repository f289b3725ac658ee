import type { UserRecord } from '../store/types.js';
import { refusal } from './failure.js';

/** What is done to a user as a whole. */
export type UserChange = 'deleted' | 'renamed';

/**
 * Users who are being deleted or renamed. Their servers are stopped then and nothing of theirs may begin: what started in
 * between would be left without an owner, and a database gives the number of a deleted user to the next new one.
 */
export class UserMarks {
  readonly #marks = new Map<number, UserChange>();

  /** Disposal takes it away. @throws Fault 400 while the user has one */
  set(user: Pick<UserRecord, 'id' | 'name'>, change: UserChange): Disposable {
    this.refuse(user);
    this.#marks.set(user.id, change);
    return { [Symbol.dispose]: () => this.#marks.delete(user.id) };
  }

  /** @throws Fault 400 while the user is marked */
  refuse({ id, name }: Pick<UserRecord, 'id' | 'name'>): void {
    const change = this.#marks.get(id);
    if (change !== undefined)
      throw refusal('USER_PENDING', `${name} is being ${change}. Try again in a moment.`);
  }
}
