/**
 * libpam through koffi: pam_start(3), pam_conv(3) and the functions between. Loaded only in a process of its own
 * (child.ts), since a module may hang, crash, or keep what it was told.
 */
import koffi from 'koffi';
import { type Codec, codecOf } from './encoding.js';
import type { Answer, Operation } from './operation.js';

/** <security/_pam_types.h> of Linux-PAM; OpenPAM has the same values for these. */
const PAM_SUCCESS = 0;
const PAM_BUF_ERR = 5;
const PAM_CONV_ERR = 19;
const PAM_PROMPT_ECHO_OFF = 1;
const PAM_PROMPT_ECHO_ON = 2;
const PAM_ERROR_MSG = 3;
const PAM_TEXT_INFO = 4;
const PAM_REINITIALIZE_CRED = 0x0008;
const LIBRARIES = ['libpam.so.0', 'libpam.so', 'libpam.dylib'];
/** PAM_MAX_MSG_SIZE and PAM_MAX_NUM_MSG. */
const MAX_TEXT = 512;
const MAX_MESSAGES = 32;
/** struct pam_response { char *resp; int resp_retcode; } and a pointer, on 64-bit systems. */
const RESPONSE_BYTES = 16;
const POINTER_BYTES = 8;

type Pointer = bigint;
type Converse = (count: number, messages: Pointer, responses: Pointer, data: Pointer | null) => number;

export class Pam {
  readonly #operation: Operation;
  readonly #codec: Codec;
  readonly #messages: string[] = [];
  readonly #library = openLibrary();
  readonly #memory = openMemory();
  /** Encoded beforehand: nothing may be thrown into libpam. */
  readonly #user: Buffer;
  readonly #secrets: readonly Buffer[];
  #secretsGiven = 0;

  /** @throws Error when libpam is not there, the encoding is not known, or it cannot write what was typed */
  constructor(operation: Operation) {
    this.#operation = operation;
    this.#codec = codecOf(operation.encoding);
    this.#user = this.#text(operation.user);
    this.#secrets = operation.secrets.map((secret) => this.#text(secret));
  }

  /** Does the operation with a PAM handle of its own. */
  run(): Answer {
    if (this.#operation.kind === 'try') return { kind: 'done', messages: [] };
    const prototype = koffi.pointer(koffi.proto('int converse(int, void *, void *, void *)'));
    const callback = koffi.register(this.#converse, prototype) as Pointer;
    const conversation = this.#memory.calloc(2, POINTER_BYTES);
    koffi.encode(conversation, 'void *', callback);
    try {
      return this.#withHandle(conversation);
    } finally {
      koffi.unregister(callback);
      this.#memory.free(conversation);
    }
  }

  #withHandle(conversation: Pointer): Answer {
    const handles: [Pointer | null] = [null];
    const started = this.#start(conversation, handles);
    const [handle] = handles;
    if (started !== PAM_SUCCESS || handle === null) return this.#refused('pam_start', started, null);
    let status = PAM_SUCCESS;
    try {
      for (const [name, call] of this.#steps(handle)) {
        status = call();
        if (status !== PAM_SUCCESS) return this.#refused(name, status, handle);
      }
      return { kind: 'done', messages: this.#messages };
    } finally {
      this.#library.end(handle, status);
    }
  }

  #start(conversation: Pointer, handle: [Pointer | null]): number {
    const { service, folder } = this.#operation;
    const user = this.#user;
    if (folder === '') return this.#library.start(service, user, conversation, handle);
    if (!this.#library.startIn)
      throw new Error(
        'this libpam cannot read service files of another folder: it needs Linux-PAM 1.4 or newer',
      );
    return this.#library.startIn(service, user, conversation, folder, handle);
  }

  #steps(handle: Pointer): ReadonlyArray<readonly [name: string, call: () => number]> {
    const { kind, checkAccount } = this.#operation;
    const { authenticate, account, credentials, open, close } = this.#library;
    if (kind === 'open-session') return [['pam_open_session', () => open(handle, 0)]];
    if (kind === 'close-session') return [['pam_close_session', () => close(handle, 0)]];
    return [
      ['pam_authenticate', () => authenticate(handle, 0)],
      ...(checkAccount ? ([['pam_acct_mgmt', () => account(handle, 0)]] as const) : []),
      // Kerberos and the like; many stacks have none, and the sign-in stands whatever it says (as pamela does)
      ['pam_setcred', () => credentials(handle, PAM_REINITIALIZE_CRED) && PAM_SUCCESS],
    ];
  }

  #refused(step: string, code: number, handle: Pointer | null): Answer {
    const reason = this.#library.strerror(handle, code) ?? '';
    return { kind: 'refused', step, code, reason, messages: this.#messages };
  }

  /** Called by libpam: what it throws would count as success. */
  readonly #converse: Converse = (count, messages, responses) => {
    try {
      return this.#answer(count, messages, responses);
    } catch (error) {
      this.#messages.push(String(error));
      return PAM_CONV_ERR;
    }
  };

  /** The module speaks: prompts are answered, what it tells is kept. */
  #answer(count: number, messages: Pointer, responses: Pointer): number {
    if (count < 1 || count > MAX_MESSAGES) return PAM_CONV_ERR;
    const answers = this.#memory.calloc(count, RESPONSE_BYTES);
    if (!answers) return PAM_BUF_ERR;
    for (let i = 0; i < count; i++) {
      const message = koffi.decode(messages, i * POINTER_BYTES, 'void *') as Pointer;
      const reply = this.#replyTo(koffi.decode(message, 'int') as number, this.#textAt(message));
      // PAM frees what it was given; on an error nothing was given
      if (reply === undefined) {
        this.#memory.free(answers);
        return PAM_CONV_ERR;
      }
      if (reply !== null) koffi.encode(answers, i * RESPONSE_BYTES, 'void *', this.#memory.copy(reply));
    }
    koffi.encode(responses, 'void *', answers);
    return PAM_SUCCESS;
  }

  /** Bytes to answer with; `null`: no answer is wanted; `undefined`: there is none. */
  #replyTo(style: number, text: string): Buffer | null | undefined {
    if (style === PAM_ERROR_MSG || style === PAM_TEXT_INFO) {
      this.#messages.push(text);
      return null;
    }
    if (style === PAM_PROMPT_ECHO_ON) return this.#user;
    if (style !== PAM_PROMPT_ECHO_OFF) return undefined;
    return this.#secrets[this.#secretsGiven++];
  }

  #textAt(message: Pointer): string {
    const start = koffi.decode(message, POINTER_BYTES, 'void *') as Pointer | null;
    if (start === null) return '';
    const bytes = koffi.decode(start, koffi.array('uint8', this.#memory.length(start))) as Uint8Array;
    return this.#codec.decode(Uint8Array.from(bytes));
  }

  /** With the NUL at its end. */
  #text(text: string): Buffer {
    return Buffer.concat([this.#codec.encode(text), Buffer.of(0)]);
  }
}

type Session = (handle: Pointer, flags: number) => number;

function openLibrary() {
  const library = load(LIBRARIES);
  const session = (name: string): Session => library.func(name, 'int', ['void *', 'int']) as Session;
  const start = ['str', 'void *', 'void *'];
  const out = koffi.out(koffi.pointer('void *'));
  type Start = (service: string, user: Buffer, conversation: Pointer, handle: [Pointer | null]) => number;
  type StartIn = (
    service: string,
    user: Buffer,
    conversation: Pointer,
    folder: string,
    handle: [Pointer | null],
  ) => number;
  return {
    start: library.func('pam_start', 'int', [...start, out]) as Start,
    startIn: optional(() => library.func('pam_start_confdir', 'int', [...start, 'str', out]) as StartIn),
    authenticate: session('pam_authenticate'),
    account: session('pam_acct_mgmt'),
    credentials: session('pam_setcred'),
    open: session('pam_open_session'),
    close: session('pam_close_session'),
    end: session('pam_end'),
    strerror: library.func('pam_strerror', 'str', ['void *', 'int']) as (
      handle: Pointer | null,
      code: number,
    ) => string | null,
  };
}

/** What PAM will free has to come from the C library. */
function openMemory() {
  const library = load(['libc.so.6', 'libc.so', 'libSystem.dylib']);
  const calloc = library.func('calloc', 'void *', ['size_t', 'size_t']) as (
    n: number,
    size: number,
  ) => Pointer;
  const strnlen = library.func('strnlen', 'size_t', ['void *', 'size_t']) as (
    at: Pointer,
    max: number,
  ) => number;
  return {
    calloc,
    free: library.func('free', 'void', ['void *']) as (at: Pointer) => void,
    length: (at: Pointer): number => Number(strnlen(at, MAX_TEXT)),
    copy: (bytes: Buffer): Pointer => {
      const at = calloc(bytes.length, 1);
      koffi.encode(at, koffi.array('uint8', bytes.length), [...bytes]);
      return at;
    },
  };
}

function load(names: readonly string[]): ReturnType<typeof koffi.load> {
  const problems: string[] = [];
  for (const name of names) {
    try {
      // global: not every module names libpam as its library
      return koffi.load(name, { global: true });
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(problems[0] ?? `no ${names.join(', ')}`);
}

function optional<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    // an older library does not have it: said where it is needed
    return undefined;
  }
}
