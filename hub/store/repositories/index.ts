/** All repositories over one access. Owns no SQL of its own. */
import type { Clock } from '../../../core/clock.js';
import type { Access } from '../access.js';
import type { Repositories } from '../types.js';
import { groupRepository } from './groups.js';
import { identityRepository } from './identities.js';
import { oauthRepository } from './oauth.js';
import { operationRepository } from './operations.js';
import { revocationRepository } from './revocations.js';
import { roleRepository } from './roles.js';
import { serviceRepository } from './services.js';
import { shareRepository } from './shares.js';
import { spawnerRepository } from './spawners.js';
import { tokenRepository } from './tokens.js';
import { userRepository } from './users.js';

export function repositories(access: Access, clock: Clock): Repositories {
  return {
    users: userRepository(access, clock),
    spawners: spawnerRepository(access),
    operations: operationRepository(access),
    groups: groupRepository(access),
    roles: roleRepository(access),
    services: serviceRepository(access),
    tokens: tokenRepository(access),
    oauth: oauthRepository(access),
    shares: shareRepository(access),
    revocations: revocationRepository(access),
    identities: identityRepository(access),
  };
}
