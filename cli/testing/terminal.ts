import type { OfflineHub } from '../offline.js';
import { run } from '../run.js';
import type { Programs, StartContext } from '../start.js';

/** A run of the command line as a function, with what it said and what it would have started. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly started: StartContext | undefined;
  readonly users: readonly string[];
  readonly upgrades: number;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly answers?: readonly string[];
}

export async function runCli(argv: readonly string[], options: RunOptions): Promise<Outcome> {
  let [out, err, upgrades] = ['', '', 0];
  let started: StartContext | undefined;
  const users: string[] = [];
  const answers = [...(options.answers ?? [])];
  const env: Record<string, string | undefined> = { ...options.env };
  const offline: OfflineHub = {
    createToken: async (user) => {
      users.push(user);
      return 'abc';
    },
    upgradeDb: async () => {
      upgrades += 1;
      return { backup: 'x.backup', summary: 'up to date' };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const programs: Programs = {
    start: async (context) => {
      started = context;
      return 0;
    },
    openOffline: async () => offline,
  };
  const code = await run(
    argv,
    {
      cwd: options.cwd,
      env,
      setVariables: (variables) => {
        for (const [name, value] of Object.entries(variables)) env[name] = value ?? undefined;
      },
      userName: () => 'somebody',
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      ask: async (question) => {
        out += question;
        return answers.shift() ?? '';
      },
      logIsTerminal: false,
    },
    programs,
  );
  return { code, out, err, started, users, upgrades };
}
