/** What a command sees of its process, so that tests can run it as a function. */
export interface Terminal {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Changes `env`, and the environment of whatever is started from now on; `null` takes a variable away. */
  setVariables(variables: Readonly<Record<string, string | null>>): void;
  /** The user who runs it, for `anteroom token` without a name. */
  readonly userName: () => string;
  out(text: string): void;
  err(text: string): void;
  /** Asks a question; the empty text when nobody is there to answer. */
  ask(question: string): Promise<string>;
  /** Whether the log goes to a terminal (colour and text) rather than to a file. */
  readonly logIsTerminal: boolean;
}
