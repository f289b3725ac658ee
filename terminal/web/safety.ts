/** What programs and clipboards must not be able to do through the emulator. */

const PASTE_END = ['\u001b[201~', '\u009b201~'];

/** A clipboard text must not end the bracketed paste it is in; taken out until none is left, nested ones too. */
export function cleanPaste(text: string): string {
  let clean = text;
  while (PASTE_END.some((end) => clean.includes(end))) {
    for (const end of PASTE_END) clean = clean.split(end).join('');
  }
  return clean;
}

/** Only web addresses, and never with the opener's rights. */
export function openLink(uri: string): void {
  if (!URL.canParse(uri)) return;
  const { protocol } = new URL(uri);
  if (protocol === 'http:' || protocol === 'https:') window.open(uri, '_blank', 'noopener,noreferrer');
}

const MAX_CLIPBOARD_CHARS = 100_000;

/**
 * OSC 52: `c;BASE64` writes the clipboard. Reading (`?`) is never answered: it would hand the clipboard to whatever
 * prints the question.
 */
export function clipboardWrite(data: string): string | undefined {
  const semicolon = data.indexOf(';');
  const encoded = data.slice(semicolon + 1);
  if (semicolon === -1 || encoded === '?' || encoded === '' || encoded.length > MAX_CLIPBOARD_CHARS)
    return undefined;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch (error) {
    console.debug('not base64', error);
    return undefined;
  }
}

const ESC = '\u001b';
/** Answers that emulators give by themselves: device attributes, status, cursor, modes, colours, settings, focus. */
const REPLIES = [
  new RegExp(`^${ESC}\\[[?>=]?[0-9;]*c$`),
  new RegExp(`^${ESC}\\[\\??[0-9;]*[nRt]$`),
  new RegExp(`^${ESC}\\[\\??[0-9;]*\\$y$`),
  new RegExp(`^${ESC}\\[[IO]$`),
  new RegExp(`^${ESC}[\\]P]`),
];

/** Would be sent again for every replayed question, and appear as typed text in the shell. */
export function isReply(data: string): boolean {
  return REPLIES.some((pattern) => pattern.test(data));
}
