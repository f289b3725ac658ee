/** Every character outside a-z and 0-9 as the hexadecimal octets of its UTF-8 form (escapism, as KubeSpawner 7.1 calls it). */
export function escapeSlug(name: string): string {
  return name.replace(/[^a-z0-9]/gu, (character) =>
    [...Buffer.from(character, 'utf8')].map((octet) => `-${octet.toString(16)}`).join(''),
  );
}
