/**
 * To whom a name belongs. A provider's people are told apart by what never changes (issuer and subject); names are not
 * that: two of them may differ in case only, and a name given up is given to the next. The first identity that comes
 * under a name has it; another one of the same provider is refused, so nobody walks into somebody else's home.
 *
 * An issuer is a provider as configured. Where the configuration moves to another provider, names are bound anew.
 */
import type { Clock } from '../../core/clock.js';
import { Fault } from '../../core/fault.js';
import type { Log } from '../../core/log.js';
import type { UserName } from '../../core/model/names.js';
import { timestamp } from '../../core/model/time.js';
import type { Identity } from '../../core/plugin/authenticator.js';
import type { Store, UserRecord } from '../store/types.js';

/** What the columns take. */
const MAX_TEXT = 255;

export class Identities {
  readonly #store: Pick<Store, 'identities'>;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: {
    readonly store: Pick<Store, 'identities'>;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Before a user is made for it. @throws Fault 403 when the name belongs to somebody else */
  async check(name: UserName, identity: Identity | undefined): Promise<void> {
    if (!identity) return;
    demandFits(identity);
    const holder = await this.#store.identities.subjectOf(identity.issuer, nameKey(name));
    if (holder !== undefined && holder !== identity.subject) throw this.#taken(name, identity);
  }

  /** @throws Fault 403 when the name belongs to somebody else, also one who came at the same moment */
  async bind(user: Pick<UserRecord, 'id' | 'name'>, identity: Identity | undefined): Promise<void> {
    if (!identity) return;
    demandFits(identity);
    const holder = await this.#store.identities.bind({
      issuer: identity.issuer,
      nameKey: nameKey(user.name),
      subject: identity.subject,
      userId: user.id,
      userName: user.name,
      at: timestamp(this.#clock.now()),
    });
    if (holder !== identity.subject) throw this.#taken(user.name, identity);
  }

  #taken(name: UserName, { issuer, subject }: Identity): Fault {
    this.#log.warn('a name belongs to another identity of the provider', { user: name, issuer, subject });
    return new Fault(
      'IDENTITY_TAKEN',
      'Your name here belongs to another account of the identity provider. Ask an administrator of this hub.',
      { status: 403, detail: `${name} is not bound to subject ${subject} of ${issuer}` },
    );
  }
}

/** Names that people would take for one: case, composed and decomposed letters, full-width and the like. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').slice(0, MAX_TEXT);
}

function demandFits({ issuer, subject }: Identity): void {
  if (issuer.length <= MAX_TEXT && subject.length <= MAX_TEXT && subject !== '') return;
  throw new Fault('AUTH_MODEL_INVALID', 'Sign-in is not configured correctly', {
    detail: `issuer and subject of an identity take 1 to ${MAX_TEXT} characters`,
  });
}
