/**
 * What nobody should send, at a hub on PostgreSQL, which is stricter with text than SQLite: whatever is asked, the fault
 * is never the hub's. What the answers are is compared with JupyterHub's in `hub-conversations.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HubProcess, startHub } from '../e2e/hub-process.js';
import { Speaker } from './conversations/speaker.js';
import { SHARING } from './conversations/talks-sharing.js';
import { SURFACE } from './conversations/talks-surface.js';
import { type Postgres, startPostgres } from './peers.js';

const TOKEN = 'token-of-root-for-conversations';
const PASSWORD = 'secret';

describe('hostile requests on PostgreSQL', () => {
  let postgres: Postgres;
  let hub: HubProcess;

  beforeAll(async () => {
    postgres = await startPostgres();
    hub = await startHub({
      config: `
        c.JupyterHub.db_url = ${JSON.stringify(postgres.url)};
        c.JupyterHub.allow_named_servers = true;
        c.Authenticator.admin_users = new Set(['root']);
        c.JupyterHub.api_tokens = { ${JSON.stringify(TOKEN)}: 'root' };
        c.DummyAuthenticator.password = ${JSON.stringify(PASSWORD)};
      `,
    });
  });
  afterAll(async () => {
    await hub?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
  });

  it.each([...SHARING, ...SURFACE])('$name', async (talk) => {
    // Everybody is the administrator: whoever may do most gets furthest.
    const tokens = new Proxy({}, { get: () => TOKEN });
    const speaker = new Speaker({ hubPort: hub.hubPort, publicPort: hub.port, tokens, password: PASSWORD });
    const answers = await speaker.hold(talk);
    expect(answers.filter((step) => (step.response.status ?? 0) >= 500)).toEqual([]);
  });
});
