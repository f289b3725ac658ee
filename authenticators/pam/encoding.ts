/** Text in PAM's encoding. */
export interface Codec {
  encode(text: string): Buffer;
  decode(bytes: Uint8Array): string;
}

/** Python's names of the encodings that Node can write; the trait's default is `utf8`. @throws Error for others */
export function codecOf(name: string): Codec {
  const plain = name.toLowerCase().replaceAll(/[-_ ]/g, '');
  if (plain === 'utf8' || plain === 'ascii' || plain === 'usascii')
    return {
      encode: (text) => Buffer.from(text, 'utf8'),
      decode: (bytes) => Buffer.from(bytes).toString('utf8'),
    };
  if (plain === 'latin1' || plain === 'iso88591')
    return { encode: latin1, decode: (bytes) => Buffer.from(bytes).toString('latin1') };
  throw new Error(
    `PAMAuthenticator.encoding: ${JSON.stringify(name)} is not known here; utf8 and latin1 are`,
  );
}

/** @throws Error for characters that it cannot write: cut off, they would make another password */
function latin1(text: string): Buffer {
  if ([...text].some((character) => (character.codePointAt(0) ?? 0) > 0xff))
    throw new Error('the text has characters that the encoding of PAM does not have');
  return Buffer.from(text, 'latin1');
}
