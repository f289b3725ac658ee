/** What the commands that need the database, but no running hub, ask for. hub/offline.ts fulfils it. */
export interface OfflineHub extends AsyncDisposable {
  /**
   * A new token of that user with the note `command-line generated`, its roles ensured first.
   * @throws Fault when there is no such user, or the role `token` exceeds what they hold
   */
  createToken(userName: string): Promise<string>;
  /** Backs an SQLite file up, then creates or migrates our own tables. */
  upgradeDb(): Promise<UpgradeReport>;
}

interface UpgradeReport {
  /** Where the file was copied to; absent when there was none to copy. */
  readonly backup?: string;
  /** One line for a person. */
  readonly summary: string;
}
