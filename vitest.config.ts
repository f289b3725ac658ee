import { defineConfig } from 'vitest/config';

/** Their tests leave nothing behind in the process, so that one process reads the modules for many of them. */
const TOGETHER = [
  '{core,kube,authenticators,terminal,cli}/**/*.test.ts',
  'hub/{culler,http,metrics,oauth,openapi,pages,parts,rbac,session}/**/*.test.ts',
];

// Four suites: `unit` (in two projects) needs nothing but `npm install`; `compat` and `e2e` set up real peers; `k8s` runs on a cluster
// where KUBECONFIG names one, else on the test API server.
export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A condition that is waited for comes late on a busy machine, and is no failure for that.
    expect: { poll: { timeout: 10_000 } },
    // Most tests wait for processes and sockets: more workers than cores keep two cores busy.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{hub,spawners,proxy}/**/*.test.ts', 'test/{architecture,suites}/**/*.test.ts'],
          exclude: TOGETHER,
          pool: 'forks',
        },
      },
      {
        extends: true,
        test: { name: 'unit-together', include: TOGETHER, isolate: false, pool: 'forks' },
      },
      {
        extends: true,
        test: {
          name: 'compat',
          include: ['test/{compat,fuzz}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          pool: 'forks',
        },
      },
      {
        extends: true,
        test: {
          name: 'k8s',
          include: ['test/kubernetes/**/*.test.ts'],
          globalSetup: 'test/kubernetes/target-check.ts',
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          pool: 'forks',
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          pool: 'forks',
        },
      },
    ],
  },
});
