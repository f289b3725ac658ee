/**
 * What the hub tells Prometheus: names, types, labels and buckets of JupyterHub 6.1.1 metrics.py.
 *
 * Owns: the families, how they are written, the measurements that no single request shows. Does not own: when
 * something happens: the life cycle, the sign-in, the proxy client and the routes tell it.
 */
export { Metrics } from './metrics.js';
export { PeriodicCollector } from './periodic.js';
export { MeasuredProxy } from './proxy.js';
export { type MetricsRouteOptions, registerMetrics } from './routes.js';
