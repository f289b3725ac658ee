/** Makes the engine that `--engine` names. */
import type { EngineName } from '../engine-names.js';
import type { CreateEngine, Engine, EngineContext } from './engine.js';
import { FastFront } from './front-fast/fast-front.js';
import { HttpProxy3Forwarder } from './http-proxy-3.js';
import { NodeFront } from './node-front.js';
import { RawForwarder } from './raw-forwarder.js';
import { UpstreamClient } from './upstream/client.js';

export function engineOf(name: EngineName): CreateEngine {
  switch (name) {
    case 'raw':
      return (context) => withClient(context, (client) => new FastFront(context, client));
    case 'raw-node':
      return (context) =>
        withClient(context, (client) => new NodeFront(context, new RawForwarder(context, client)));
    case 'http-proxy-3':
      return (context) => new NodeFront(context, new HttpProxy3Forwarder(context));
  }
}

function withClient(context: EngineContext, make: (client: UpstreamClient) => Engine): Engine {
  const client = new UpstreamClient({
    tls: context.upstreamTls,
    verify: context.verifyTargets,
    silence: context.options.proxyTimeout,
  });
  const engine = make(client);
  return {
    createServer: (tls) => engine.createServer(tls),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      client[Symbol.dispose]();
    },
  };
}
