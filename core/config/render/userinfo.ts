/** `postgresql://hub:secret@db/hub` without its password; other texts as they are. */
export function scrubUserinfo(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*):[^\s/?#@]*(?=@)/gi, '$1:***');
}
