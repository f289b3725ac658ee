/** Every text of the page, as ICU messages with `{name}` arguments only. Another language is another such object. */
export const TEXTS = {
  title: '{server} – terminal',
  ownServer: '{user}',
  tab: 'Terminal {name}',
  newSession: 'New terminal',
  signOut: 'Sign out',
  reader: 'Screen reader',
  themeSystem: 'Theme: system',
  themeLight: 'Theme: light',
  themeDark: 'Theme: dark',
  viewers: '{count} viewers',
  terminalLabel: 'Terminal {name}. Ctrl+Shift+F6 leaves it for the bar.',
  connecting: 'Connecting',
  connected: 'Connected',
  reconnecting: 'Reconnecting',
  signedOut: 'Signed out',
  forbidden: 'Not allowed',
  stopped: 'Stopped',
  ended: 'Ended',
  gone: 'Ended',
  refused: 'Refused',
  bannerReconnecting: 'The connection is lost. Your shell goes on; this page reconnects by itself.',
  bannerSignedOut: 'You are signed out. Your shell goes on.',
  bannerForbidden: 'You may not use this server any more.',
  bannerStopped: 'The server is not running.',
  bannerEnded: 'The shell has ended with code {code}.',
  bannerEndedSignal: 'The shell was ended by signal {signal}.',
  bannerGone: 'This shell is not there any more.',
  bannerTooMuch: 'Too much input waits already. The last of it was not taken.',
  bannerTruncated: 'Older output is not shown.',
  bannerCopied: 'A program copied {count} characters to the clipboard.',
  bannerCopyRefused: 'A program wanted to copy {count} characters; the browser refused.',
  actionSignIn: 'Sign in again',
  actionStart: 'Start it again',
  actionHome: 'To my servers',
  actionNewShell: 'New shell',
  actionRetry: 'Try again',
} as const;

export type TextKey = keyof typeof TEXTS;

export function text(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return TEXTS[key].replace(/\{(\w+)\}/g, (_match, name: string) => String(values[name] ?? ''));
}
