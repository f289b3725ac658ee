import type { JsonObject } from '../../core/model/json.js';
import { escapeName } from '../../core/model/names.js';
import type { ServerAddress } from '../../core/plugin/spawner.js';
import type { StaticRoute } from '../lifecycle/types.js';
import type { Places } from '../places.js';
import type { ServiceRecord } from '../store/types.js';

/** A service that is at work, as pages and the API show it. */
export interface RunningService {
  readonly name: string;
  readonly fromConfig: boolean;
  /** Empty: it serves nothing that browsers reach. */
  readonly url: string;
  /** `/services/NAME/` with the base URL in front, whether or not it serves there. */
  readonly prefix: string;
  /** What a link to it says: the prefix, with its host in front under subdomains. */
  readonly href: string;
  /** Where it listens. */
  readonly address: (ServerAddress & { readonly kind: 'tcp' }) | undefined;
  /** Its place in the proxy's table. */
  readonly route: StaticRoute | undefined;
  readonly command: readonly string[];
  /** 0: no process of ours. */
  readonly pid: number;
  readonly info: JsonObject;
  readonly display: boolean;
  readonly timeoutSeconds: number;
}

/** The part of `Places` that services need. */
export type ServicePlaces = Pick<Places, 'serviceOrigin' | 'serviceRoute'>;

export function runningService(
  record: ServiceRecord,
  { baseUrl, places }: { readonly baseUrl: string; readonly places: ServicePlaces },
): RunningService {
  const prefix = `${baseUrl}services/${record.name}/`;
  return {
    name: record.name,
    fromConfig: record.fromConfig,
    url: record.url ?? '',
    prefix,
    href: `${places.serviceOrigin(record.name).replace(/^https?:/, '')}${prefix}`,
    address: addressOf(record),
    route: routeOf(record, baseUrl, places),
    command: record.command,
    pid: 0,
    info: record.info ?? {},
    display: record.display ?? true,
    timeoutSeconds: record.timeout,
  };
}

function routeOf(record: ServiceRecord, baseUrl: string, places: ServicePlaces): StaticRoute | undefined {
  const address = addressOf(record);
  if (!address) return undefined;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    spec: places.serviceRoute(record.name, `${baseUrl}services/${escapeName(record.name)}/`),
    target: `${address.proto}://${host}:${address.port}`,
    data: { service: record.name },
  };
}

function addressOf({ server }: ServiceRecord): RunningService['address'] {
  if (!server) return undefined;
  const everywhere = server.ip === '' || server.ip === '0.0.0.0' || server.ip === '::';
  return {
    kind: 'tcp',
    proto: server.proto === 'https' ? 'https' : 'http',
    host: everywhere ? '127.0.0.1' : server.ip,
    port: server.port,
  };
}
