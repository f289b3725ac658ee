/**
 * Pods, claims, services, secrets, namespaces and names beside those of the real KubeSpawner 7.1, which makes them
 * from the same configurations, and beside Kubernetes' own schemas.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../kube/objects.js';
import { fieldsOfModel, type ModelName, pythonName } from '../../spawners/kubernetes/manifests/fields.js';
import { expandText, fieldsOf } from '../../spawners/kubernetes/names/names.js';
import { isLabelValue, safeSlug } from '../../spawners/kubernetes/names/slugs.js';
import { KubeSpawnerClass } from '../../spawners/kubernetes/traits.js';
import { COVERED, namesOf, type Question, questionOf } from './kubespawner/generate.js';
import { factsOf, type Manifests, manifestsOf, reachedAt } from './kubespawner/ours.js';
import { ensureKubeSpawner } from './peers/install.js';

const SEED = Number(process.env['ANTEROOM_FUZZ_SEED'] ?? 7);
const CONFIGURATIONS = 100;
const NAMES = 10_000;
/** Kubernetes' own schemas, strict: a field that they do not know is a fault. */
const VERSIONS = ['1.33', '1.36'];
const TEMPLATES = [
  'jupyter-{user_server}',
  'claim-{username}--{servername}',
  '{escaped_user_server}/{safe_username}/{safe_servername}/{safe_user_server}/{escaped_username}/{userid}-',
];

interface Answer {
  readonly environment: Readonly<Record<string, string>>;
  readonly manifests: Manifests;
  readonly url: string;
  readonly error?: string;
}
interface Answers {
  readonly manifests: readonly Answer[];
  readonly names: readonly (readonly string[])[];
  readonly models: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

let work: string;
let python: string;
let theirs: Answers;
const questions: readonly Question[] = Array.from({ length: CONFIGURATIONS }, (_, index) =>
  questionOf(SEED, index),
);
const names = namesOf(SEED, NAMES);

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'anteroom-kubespawner-'));
  ({ python } = await ensureKubeSpawner());
  theirs = (await ask('driver.py', [work], {
    manifests: questions,
    names: { names, templates: TEMPLATES },
  })) as Answers;
});
afterAll(() => rm(work, { recursive: true, force: true }));

async function ask(script: string, args: readonly string[], input: unknown): Promise<unknown> {
  const path = join(import.meta.dirname, 'kubespawner', script);
  const child = spawn(python, [path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(input));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (!/^[[{]/.test(out)) throw new Error(`${script}: ${err.slice(-3000)}`);
  return JSON.parse(out);
}

/** What JSON says, e.g. without fields that are undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Their API fills it in by the address that they post to. */
const API_VERSIONS: Readonly<Record<string, string>> = { service: 'v1', namespace: 'v1' };

function complete(manifests: Manifests): Record<string, unknown> {
  const entries = Object.entries(manifests).map(([name, manifest]) => [
    name,
    {
      apiVersion: API_VERSIONS[name],
      ...(name === 'namespace' && { kind: 'Namespace' }),
      ...manifest,
    },
  ]);
  return plain(Object.fromEntries(entries)) as Record<string, unknown>;
}

describe('beside KubeSpawner 7.1', () => {
  it(`makes the same objects of ${CONFIGURATIONS} configurations over all traits`, async () => {
    for (const [index, question] of questions.entries()) {
      const answer = theirs.manifests[index];
      expect(answer?.error, `configuration ${index}`).toBeUndefined();
      const server = await factsOf(question, answer!.environment);
      const ours = complete(manifestsOf(server, question));
      expect(ours, `configuration ${index}, seed ${SEED}`).toEqual(complete(answer!.manifests));
      if (!question.certificates) expect(reachedAt(server, question.podIp)).toBe(answer!.url);
    }
  });

  it('asks of every trait that reaches a manifest', () => {
    const elsewhere = Object.keys(KubeSpawnerClass.own).filter((name) => !COVERED.includes(name));
    expect(elsewhere.filter((name) => KubeSpawnerClass.own[name]?.deprecated === undefined).sort()).toEqual(
      NO_MANIFEST,
    );
  });

  it(`gives the same names to ${NAMES} users and servers under both schemes`, () => {
    const differences = names.flatMap(([user, server], index) => {
      const ours = [
        ...(['safe', 'escape'] as const).flatMap((scheme) => {
          const owner = { userId: 7, userName: user, serverName: server };
          const fields = fieldsOf(owner, scheme, 'default', { namespace: 'ns' });
          return TEMPLATES.map((template) => expandText(template, fields));
        }),
        safeSlug(user, isLabelValue),
        safeSlug(server, isLabelValue),
      ];
      const same = JSON.stringify(ours) === JSON.stringify(theirs.names[index]);
      return same ? [] : [{ user, server, ours, theirs: theirs.names[index] }];
    });
    expect(differences.slice(0, 5)).toEqual([]);
    expect(theirs.names).toHaveLength(NAMES);
  });

  it('knows the fields of the objects that they model, in both spellings', () => {
    const ours = Object.keys(theirs.models).map((model) => {
      const fields = fieldsOfModel(model as ModelName);
      return [model, Object.fromEntries(fields.map((field) => [pythonName(field), field]))];
    });
    expect(Object.fromEntries(ours)).toEqual(theirs.models);
  });

  it(`makes objects that Kubernetes ${VERSIONS.join(' and ')} know`, async () => {
    const manifests: Manifest[] = [];
    for (const [index, question] of questions.entries()) {
      const server = await factsOf(question, theirs.manifests[index]!.environment);
      const token = { ...server, tokenSecret: server.names.secretName, spawnId: 'hub.1' };
      manifests.push(...Object.values(manifestsOf(token, question)));
    }
    const complaints = await ask('validate.py', [], { versions: VERSIONS, manifests });
    expect(complaints).toEqual([]);
  });
});

/** Traits that say how, when and whether, not what. */
const NO_MANIFEST = [
  'additional_profile_form_template_paths',
  'after_pod_created_hook',
  'api_token_in_secret',
  'delete_grace_period',
  'delete_stopped_pods',
  'env_keep',
  'events_enabled',
  'get_pod_url',
  'k8s_api_host',
  'k8s_api_request_retry_timeout',
  'k8s_api_request_timeout',
  'k8s_api_ssl_ca_cert',
  'k8s_api_verify_ssl',
  'modify_pod_hook',
  'profile_form_template',
  'profile_list',
  'slow_spawn_message',
  'slow_spawn_message_frequency',
  'slow_spawn_message_threshold',
  'ssl_alt_names_include_local',
];
