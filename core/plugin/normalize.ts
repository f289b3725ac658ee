/** JupyterHub 6.1.1 `normalize_username`: lower case, then `username_map`, whose result is taken word for word. */
export function normalizeUserName(name: string, map: Readonly<Record<string, string>>): string {
  const lower = name.toLowerCase();
  return Object.hasOwn(map, lower) ? (map[lower] ?? lower) : lower;
}
