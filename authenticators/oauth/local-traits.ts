import { type ClassDeclaration, declareClass } from '../../core/config/declare.js';
import { LocalAuthenticatorClass } from '../../core/plugin/authenticator-traits.js';

/**
 * `c.LocalGitHubOAuthenticator` and its like: the class with the settings of accounts of the machine under its own name.
 * Its `allowed_groups` and `admin_groups` are the provider's; the machine's are `c.LocalAuthenticator`'s.
 */
export function localOf(base: ClassDeclaration): ClassDeclaration {
  const own = Object.entries(LocalAuthenticatorClass.own).filter(([name]) => !(name in base.traits));
  return declareClass({
    name: `Local${base.name}`,
    aliases: base.aliases.map((alias) =>
      alias.includes('.') ? alias.replace(/(\w+)$/, 'Local$1') : `local-${alias}`,
    ),
    parent: base,
    help: `As ${base.name}, and every user needs an account of this machine.`,
    traits: Object.fromEntries(own),
  });
}
