/** What a database is, judged by the names of its tables; the same rules for both dialects. */
import { Fault } from '../../core/fault.js';
import { MIGRATIONS } from './own-schema.js';
import { ALEMBIC_HEAD, JUPYTERHUB_TABLES } from './schema.js';

export type DatabaseKind =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'jupyterhub';
      readonly revision: string;
      /** The revision is the one this hub speaks. */
      readonly current: boolean;
      /** Version of our own tables; `null`: there are none (no hub of ours has opened it yet). */
      readonly anteroom: number | null;
    }
  /** Has JupyterHub's tables, but does not say of which revision. */
  | { readonly kind: 'unversioned' }
  /** Has tables of something else. */
  | { readonly kind: 'foreign'; readonly tables: readonly string[] };

/** What the inspection asks a database. */
export interface Catalog {
  readonly tables: readonly string[];
  /** `alembic_version.version_num`, if that table exists and has its row. */
  readonly revision: string | undefined;
  /** `anteroom_schema.version`, if there. */
  readonly anteroom: number | undefined;
}

export function judge(catalog: Catalog): DatabaseKind {
  const tables = new Set(catalog.tables);
  if (tables.size === 0) return { kind: 'empty' };
  const hub = tables.has('users') && tables.has('spawners') && tables.has('oauth_clients');
  if (hub && catalog.revision !== undefined) {
    const current = catalog.revision === ALEMBIC_HEAD;
    return { kind: 'jupyterhub', revision: catalog.revision, current, anteroom: catalog.anteroom ?? null };
  }
  // Before 0.8 there was no `spawners`; a revision beside JupyterHub's own tables still says whose they are.
  const own = JUPYTERHUB_TABLES.filter((name) => tables.has(name) && name !== 'alembic_version');
  if (own.includes('users') && (own.includes('servers') || own.includes('spawners'))) {
    return catalog.revision === undefined
      ? { kind: 'unversioned' }
      : {
          kind: 'jupyterhub',
          revision: catalog.revision,
          current: false,
          anteroom: catalog.anteroom ?? null,
        };
  }
  return { kind: 'foreign', tables: [...tables].sort() };
}

const BACKUP = 'Make a backup';

/**
 * @param where the database, as shown to people
 * @throws Fault when a hub of this version must not use the database
 */
export function refuseUnusable(found: DatabaseKind, where: string): void {
  if (found.kind === 'unversioned') {
    throw new Fault(
      'DATABASE_UNVERSIONED',
      `The database ${where} has JupyterHub's tables but no revision, so it is older than 0.8. ${BACKUP} and run: jupyterhub upgrade-db (of jupyterhub 6.1.1).`,
    );
  }
  if (found.kind === 'foreign') {
    const some = found.tables.slice(0, 5).join(', ');
    throw new Fault(
      'DATABASE_FOREIGN',
      `The database ${where} holds tables of another program (${some}): give the hub a database of its own in c.JupyterHub.db_url.`,
    );
  }
  if (found.kind === 'jupyterhub' && !found.current) {
    throw new Fault(
      'DATABASE_REVISION',
      `The database ${where} has revision ${found.revision}, this hub needs ${ALEMBIC_HEAD} (JupyterHub 6.1.1). ${BACKUP} and run: jupyterhub upgrade-db (of jupyterhub 6.1.1).`,
    );
  }
  if (found.kind === 'jupyterhub' && found.anteroom !== null && found.anteroom > MIGRATIONS.length) {
    throw new Fault(
      'DATABASE_NEWER',
      `The database ${where} was used by a newer Anteroom (tables of version ${found.anteroom}, this one knows ${MIGRATIONS.length}): use that one, or restore the backup that its upgrade-db made.`,
    );
  }
}

/** Our own tables of an earlier version are migrated by `anteroom upgrade-db` only, which makes a backup first. */
export function refuseOutdated(found: DatabaseKind, where: string): void {
  if (found.kind !== 'jupyterhub' || found.anteroom === null || found.anteroom >= MIGRATIONS.length) return;
  throw new Fault(
    'DATABASE_OUTDATED',
    `The database ${where} has Anteroom's tables of version ${found.anteroom}, this hub needs ${MIGRATIONS.length}. Run: anteroom upgrade-db.`,
  );
}
