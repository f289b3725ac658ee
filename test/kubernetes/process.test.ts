import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { connect } from '../../kube/client.js';
import { PODS } from '../../kube/resources.js';
import { podManifest } from './connected.js';
import { startServerProcess } from './process.js';

it('runs as a process of its own, pods included', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-server-'));
  const former = process.env['KUBECONFIG'];
  try {
    await using server = await startServerProcess(folder);
    process.env['KUBECONFIG'] = server.kubeconfig;
    await using kube = await connect({}, systemClock);
    expect(kube.server).toBe(server.url);
    const containers = [{ name: 'main', image: 'any:1', command: ['/bin/sh', '-c', 'echo done'] }];
    await kube.create(PODS, podManifest('one', { restartPolicy: 'Never', containers }));
    const phase = async () => (await kube.read(PODS, { namespace: 'default', name: 'one' })).status?.phase;
    await expect.poll(phase, { timeout: 60_000 }).toBe('Succeeded');
    expect(await kube.podLog({ namespace: 'default', name: 'one' })).toBe('done\n');
  } finally {
    if (former === undefined) delete process.env['KUBECONFIG'];
    else process.env['KUBECONFIG'] = former;
    await rm(folder, { recursive: true, force: true });
  }
});
