import { systemClock } from '../../core/clock.js';
import { type ClassDeclaration, resolve } from '../../core/config/declare.js';
import type { Setting } from '../../core/config/tree.js';
import { silentLog } from '../../core/log.js';
import type { Authenticator, AuthenticatorKind } from '../../core/plugin/authenticator.js';

/** The values of a class under a configuration of its own section. @throws Error with every fault */
export function configured<C>(
  declaration: ClassDeclaration<C>,
  values: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): C {
  const settings = Object.entries(values).map(([trait, value]): [string, readonly Setting[]] => [
    trait,
    [{ kind: 'value', value, source: 'test' }],
  ]);
  const found = resolve(declaration, new Map([[declaration.name, new Map(settings)]]), env);
  const faults = found.faults.map((fault) => `${fault.className}.${fault.trait}: ${fault.message}`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return found.values;
}

/** An authenticator of a class, provisioned. */
export async function authenticatorOf<C>(
  kind: AuthenticatorKind<C>,
  declaration: ClassDeclaration<C>,
  values: Readonly<Record<string, unknown>>,
  log = silentLog,
): Promise<Authenticator> {
  const config = configured(declaration, values);
  const faults = kind.check?.(config, { passwordFile: '', usersRunHere: true }) ?? [];
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const authenticator = kind.create({
    config,
    log,
    clock: systemClock,
    passwordFile: '',
    resetPasswords: false,
    announce: () => undefined,
  });
  await authenticator.provision();
  return authenticator;
}
