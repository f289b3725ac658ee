/**
 * The engines by name; a leaf, so that reading flags loads none of them.
 *
 * `raw`: our parser in front and Node's for what is unusual, our upstream client behind both.
 * `raw-node`: Node's parser in front of everything, our upstream client behind.
 * `http-proxy-3`: Node's parser, and the library configurable-http-proxy uses; the reference.
 */
export const ENGINES = ['raw', 'raw-node', 'http-proxy-3'] as const;
export type EngineName = (typeof ENGINES)[number];

export const DEFAULT_ENGINE: EngineName = 'raw';
