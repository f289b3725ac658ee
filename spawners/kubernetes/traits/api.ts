import * as t from '../../../core/config/traits.js';

/** How the cluster is reached, and what is said of a start that takes its time. */
export const apiTraits = {
  k8s_api_host: t.unicode('', {
    help: "URL of the Kubernetes API server. Empty: the pod's service account or the kubeconfig says it.",
  }),
  k8s_api_request_retry_timeout: t.integer(30, {
    min: 1,
    help: 'Seconds after which a request to the Kubernetes API is given up, with all its attempts.',
  }),
  k8s_api_request_timeout: t.integer(3, {
    min: 1,
    help: 'Seconds that one attempt of a request to the Kubernetes API may take.',
  }),
  k8s_api_ssl_ca_cert: t.unicode('', {
    help: "File with the authorities that the API server's certificate is checked against. Empty: those of the service account or the kubeconfig.",
  }),
  k8s_api_threadpool_workers: t.integer(0, {
    help: 'Was the number of threads that spoke to the API; there are none.',
    deprecated: { use: 'nothing: take it out', since: 'KubeSpawner 3.0' },
  }),
  k8s_api_verify_ssl: t.optional(
    t.bool(true, {
      help: "Whether the API server's certificate is checked. Unset: as the service account or the kubeconfig says.",
    }),
  ),
  events_enabled: t.bool(true, {
    help: "Watch the cluster's events and show those of a starting pod on its page.",
  }),
  slow_spawn_message: t.unicode(
    'Server launch is taking longer than expected. Please be patient! Current time spent waiting: {seconds} seconds.',
    { help: 'What is said while a start takes long; `{seconds}` is filled in.' },
  ),
  slow_spawn_message_frequency: t.integer(5, { help: 'Seconds between two such messages.' }),
  slow_spawn_message_threshold: t.integer(60, {
    help: 'Seconds after which a start counts as taking long; 0 switches the message off.',
  }),
};
