/** What the hub and its PAM child say to each other: one JSON text each way. */

/** `try` loads the library and nothing else. */
export type OperationKind = 'try' | 'sign-in' | 'open-session' | 'close-session';

export interface Operation {
  readonly kind: OperationKind;
  readonly service: string;
  /** Folder of service files instead of the machine's; empty: the machine's. */
  readonly folder: string;
  readonly user: string;
  /** For prompts without echo, in their order: the password, then a one-time password. */
  readonly secrets: readonly string[];
  /** Of texts that PAM gets and gives. */
  readonly encoding: string;
  /** Whether a sign-in asks the account stack too. */
  readonly checkAccount: boolean;
}

export type Answer =
  | { readonly kind: 'done'; readonly messages: readonly string[] }
  /** PAM said no. */
  | {
      readonly kind: 'refused';
      /** The function of libpam that did, e.g. `pam_authenticate`. */
      readonly step: string;
      /** PAM's number, e.g. 7 for PAM_AUTH_ERR. */
      readonly code: number;
      /** `pam_strerror`. */
      readonly reason: string;
      /** What modules wanted to tell the user. */
      readonly messages: readonly string[];
    }
  /** The library or koffi is not there, or cannot do this. */
  | { readonly kind: 'unusable'; readonly reason: string };

/** @throws Error when the child said anything else */
export function readAnswer(text: string): Answer {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('kind' in value)) throw new Error('no answer');
  const { kind } = value;
  if (kind !== 'done' && kind !== 'refused' && kind !== 'unusable') throw new Error('no answer');
  return value as Answer;
}
