/**
 * Certificates are read again when their files change (a renewal, a Kubernetes secret), for connections from then
 * on. Owns the looking; whoever uses them is told. A pair that is not fit is told in the log, and the old one stays.
 */
import { messageOf } from '../../core/fault.js';
import { every } from '../../core/lifecycle.js';
import type { Log } from '../../core/log.js';
import type { ListenerTls, TlsSource } from './tls.js';

/** ms. A change counts once two looks see the same, since key and certificate seldom change in one moment. */
const LOOK_EVERY = 1000;

export interface Watched {
  /** For the log, e.g. `public`. */
  readonly name: string;
  readonly source: TlsSource | undefined;
  use(tls: ListenerTls): void;
}

export function watchCertificates(all: readonly Watched[], log: Log): Disposable {
  const owned: Disposable[] = [];
  for (const { name, source, use } of all) {
    if (!source) continue;
    const watch = new CertificateWatch(name, source, use, log);
    owned.push(
      every(
        LOOK_EVERY,
        () => watch.look(),
        (error) => log.error(messageOf(error)),
      ),
    );
  }
  return {
    [Symbol.dispose]() {
      for (const each of owned) each[Symbol.dispose]();
    },
  };
}

class CertificateWatch {
  readonly #name: string;
  readonly #source: TlsSource;
  readonly #use: (tls: ListenerTls) => void;
  readonly #log: Log;
  #seen: string | undefined;

  constructor(name: string, source: TlsSource, use: (tls: ListenerTls) => void, log: Log) {
    this.#name = name;
    this.#source = source;
    this.#use = use;
    this.#log = log;
  }

  async look(): Promise<void> {
    const now = this.#source.signature();
    const settled = now === this.#seen;
    this.#seen = now;
    if (!settled || now === this.#source.lastRead) return;
    try {
      this.#use(this.#source.read());
      this.#log.info(`The ${this.#name} certificates were read again`);
    } catch (error) {
      this.#log.error(
        `The ${this.#name} certificates have changed and are not fit, the old ones stay in use: ${messageOf(error)}`,
      );
    }
  }
}
