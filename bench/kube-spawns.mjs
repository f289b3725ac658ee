/**
 * Pods started at once while others are there: starts per second, CPU and memory of the hub. The cluster is the test API
 * server of test/kubernetes in a process of its own, whose node says after 200 ms that a pod runs; so what is measured
 * is the hub and its traffic with the API, not a kubelet. Not a test.
 *
 *   npm run build && node bench/kube-spawns.mjs [together=500] [present=2000]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { api, makeUsers, startHub, userName } from './support/hubs.mjs';
import { cpuSeconds, machine, residentMiB } from './support/processes.mjs';

const [TOGETHER = 500, PRESENT = 2000] = process.argv.slice(2).map(Number);
const LIMIT_MS = 200_000;
const folder = mkdtempSync(join(tmpdir(), 'anteroom-bench-'));
const cluster = await startCluster();

try {
  console.log(machine());
  process.env.KUBECONFIG = cluster.kubeconfig;
  const hub = await startHub('anteroom', join(folder, 'hub'), {
    JupyterHub: { spawner_class: 'kubespawner', concurrent_spawn_limit: 0 },
    Spawner: { cmd: ['anteroom-singleuser'], port: cluster.port, start_timeout: 300 },
  });
  try {
    await makeUsers(hub, TOGETHER);
    const idle = residentMiB(hub.pid);
    const cpu = cpuSeconds(hub.pid);
    const began = performance.now();
    const names = Array.from({ length: TOGETHER }, (_, index) => userName(index));
    const asked = Promise.all(
      names.map((name) => api(hub, `/users/${name}/server`, { method: 'POST', expect: [201, 202] })),
    );
    const peak = await untilReady(hub, began);
    const seconds = (performance.now() - began) / 1000;
    await asked;
    const spent = cpuSeconds(hub.pid) - cpu;
    console.log(`${TOGETHER} starts at once with ${PRESENT} pods present:`);
    console.log(`  ${seconds.toFixed(1)} s until all are ready, ${(TOGETHER / seconds).toFixed(1)} starts/s`);
    console.log(`  hub: ${spent.toFixed(1)} s CPU, ${((spent / TOGETHER) * 1000).toFixed(0)} ms a start`);
    console.log(
      `  hub: ${idle.toFixed(0)} MiB before, ${peak.toFixed(0)} MiB at the peak, ${residentMiB(hub.pid).toFixed(0)} MiB after`,
    );
    console.log(machine());
  } finally {
    await hub.stop();
  }
} finally {
  cluster.child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}

/** @returns MiB of the hub at its most */
async function untilReady(hub, began) {
  let peak = 0;
  for (;;) {
    peak = Math.max(peak, residentMiB(hub.pid));
    let ready = 0;
    for (let offset = 0; offset < TOGETHER; offset += 200) {
      const users = await api(hub, `/users?state=ready&limit=200&offset=${offset}`);
      ready += users.length;
    }
    if (ready >= TOGETHER) return peak;
    if (performance.now() - began > LIMIT_MS)
      throw new Error(`${ready} of ${TOGETHER} were ready in time:\n${failures()}`);
    await delay(250);
  }
}

/** What the hub says of starts that failed. */
function failures() {
  const lines = readFileSync(join(folder, 'hub/log'), 'utf8').split('\n');
  const failed = lines.filter((line) => line.includes('a server did not start'));
  return `${failed.length} failed\n${failed.slice(0, 5).join('\n')}`;
}

async function startCluster() {
  const bundle = join(folder, 'kube-cluster.bundle.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'support/kube-cluster.mjs')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    define: {
      'import.meta.url': JSON.stringify(
        pathToFileURL(join(import.meta.dirname, '../test/kubernetes/api/schema.ts')),
      ),
    },
  });
  const child = spawn(process.execPath, [bundle, String(PRESENT), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { ...JSON.parse(String(line)), child };
}
