import { fileURLToPath } from 'node:url';

/** The script that plays the single-user server in the suites. */
export const TINY_SERVER = fileURLToPath(new URL('./tiny-server.mjs', import.meta.url));
