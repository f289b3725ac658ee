/** How the proxy can carry a request, each as the words behind `--engine`. */
import { ENGINES } from '../../proxy/server/engine-names.js';

export const WAYS: readonly string[] = [...ENGINES, 'raw --client-onread'];

export function engineFlags(way: string): readonly string[] {
  return ['--engine', ...way.split(' ')];
}
