import { expect, it } from 'vitest';
import { defaults } from '../../core/config/declare.js';
import { configFaults } from './check.js';
import { KubeSpawnerClass, type KubeSpawnerConfig } from './traits.js';

function faults(settings: Partial<KubeSpawnerConfig>): readonly string[] {
  return configFaults(defaults(KubeSpawnerClass, settings));
}

it('finds nothing wrong with the defaults', () => {
  expect(faults({})).toEqual([]);
});

it('tells every fault of a configuration at once, each with its setting', () => {
  expect(
    faults({
      volumes: [{ name: 'home', persistantVolumeClaim: {} }],
      volume_mounts: [{ mountPath: '/home/{user}' }],
      extra_labels: { owner: '{username!r}' },
      extra_pod_config: { hostnetwork: true },
      tolerations: [{ kee: 'x' }],
      profile_list: [{ display_name: 'A', kubespawner_override: { mem_limits: '1G', image_spec: 'x' } }],
      slow_spawn_message: 'since {minutes}',
    }),
  ).toEqual([
    'c.KubeSpawner.volumes: a volume has no field "persistantVolumeClaim"',
    expect.stringMatching(
      /^c\.KubeSpawner\.volume_mounts: "\/home\/\{user\}": \{user\} is not known; known are userid/,
    ),
    'c.KubeSpawner.extra_pod_config: a pod.spec has no field "hostnetwork"',
    'c.KubeSpawner.tolerations: a toleration has no field "kee"',
    expect.stringMatching(/^c\.KubeSpawner\.extra_labels: .*\{username!r\} is not known/),
    expect.stringMatching(/slow_spawn_message|\{minutes\} is not known/),
    'c.KubeSpawner.profile_list: kubespawner_override names "mem_limits", which is no setting',
  ]);
});

it.each<[Partial<KubeSpawnerConfig>, RegExp]>([
  [{ pod_name_template: 'x-{nope}' }, /\{nope\} is not known/],
  [{ pod_name_template: 'x-{' }, /a single \{/],
  [{ profile_list: [{ display_name: '数据' }] }, /give it a "slug"/],
  [{ profile_list: [{ slug: 'x' }] }, /needs a display_name/],
  [{ container_security_context: { run_as_user: 1 } }, /camelCase/],
  [
    {
      profile_list: [
        {
          display_name: 'A',
          profile_options: {
            x: { display_name: 'X', unlisted_choice: { enabled: true, validation_regex: '(' } },
          },
        },
      ],
    },
    /cannot be used here/,
  ],
])('%j', (settings, words) => {
  expect(faults(settings).join('\n')).toMatch(words);
});
