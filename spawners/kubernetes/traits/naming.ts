import * as t from '../../../core/config/traits.js';
import { mapping } from './kinds.js';

/** What things are called and where they are put. */
export const namingTraits = {
  slug_scheme: t.enumeration(['safe', 'escape'], 'safe', {
    help: 'How names of users and servers become names of Kubernetes objects. `safe` gives valid names of bounded length, with a hash where something was changed; `escape` is the scheme of KubeSpawner before 7.',
  }),
  namespace: t.unicode('', {
    help: "Namespace of the pods. Empty: the hub's own, or `default` outside a cluster. Ignored with `enable_user_namespaces`.",
  }),
  enable_user_namespaces: t.bool(false, {
    help: 'Give every user a namespace of their own, made at the first start. The hub then needs a ClusterRole.',
  }),
  user_namespace_template: t.unicode('{hubnamespace}-{username}', {
    help: "Name of a user's namespace, with template fields.",
  }),
  user_namespace_labels: mapping({
    help: 'Labels of namespaces that are made for users, with template fields; existing ones are not changed.',
  }),
  user_namespace_annotations: mapping({
    help: 'Annotations of namespaces that are made for users, with template fields; existing ones are not changed.',
  }),
  pod_name_template: t.unicode('jupyter-{user_server}', {
    help: 'Name of a pod, and of its service, with template fields.',
  }),
  pvc_name_template: t.unicode('claim-{user_server}', {
    help: 'Name of the claim for storage, with template fields.',
  }),
  secret_name_template: t.unicode('{pod_name}', {
    help: "Name of the Secret that belongs to a pod and holds the server's API token, with template fields.",
  }),
  dns_name_template: t.unicode('{name}.{namespace}.svc.cluster.local', {
    help: "Host name of a pod's service; `{name}` and `{namespace}` are filled in.",
  }),
  pod_connect_ip: t.unicode('', {
    help: 'Host under which pods are reached instead of their own address, with template fields between its dots.',
  }),
  remember_pvc_name: t.bool(true, {
    help: 'Go on using the claim that a server was started with, whatever `pvc_name_template` says by now.',
  }),
  handle_legacy_names: t.bool(true, {
    help: 'For servers last started by KubeSpawner before 7: look once for a claim under the name that it gave.',
  }),
  component_label: t.unicode('singleuser-server', {
    help: 'Label `component` of pods. The hub watches the pods that have it.',
  }),
  common_labels: mapping(
    { help: 'Labels of pods, claims, services and secrets; stronger than all others.' },
    {
      'app.kubernetes.io/name': 'jupyterhub',
      'app.kubernetes.io/managed-by': 'kubespawner',
      app: 'jupyterhub',
      heritage: 'jupyterhub',
    },
  ),
  extra_labels: mapping({ help: 'Further labels of pods, services and secrets, with template fields.' }),
  extra_annotations: mapping({
    help: 'Further annotations of pods, services and secrets, with template fields.',
  }),
};
