import { type DestinationStream, type Logger, pino } from 'pino';
import { nodeKeys } from './peer/auth-key.ts';

export type { Logger };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * Members whose values never reach a log line, at any depth and in any spelling of case, `-` and `_` (T22).
 * `code` is among them: an error's own code is kept, other reasons need another name.
 */
const secretNames = [
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'dpop'],
  ...['code', 'user_code', 'device_code', 'code_verifier', 'code_challenge'],
  ...['token', 'access_token', 'refresh_token', 'id_token', 'id_token_hint', 'logout_token'],
  ...['subject_token', 'actor_token', 'registration_access_token', 'initial_access_token'],
  ...['client_secret', 'client_assertion', 'assertion', 'password', 'secret', 'secret_verifier'],
  ...['private_key', 'material', 'auth_key'],
];

const censor = '[redacted]';
const plain = (name: string): string => name.toLowerCase().replace(/[-_]/gu, '');
const secrets: ReadonlySet<string> = new Set(secretNames.map(plain));

/** `code=…` as in a query or form, and what follows an authentication scheme or has the shape of a JWT. */
const parameter = new RegExp(
  `(?:(?<![\\w-])|(?<=%3F|%26))((?:${secretNames.join('|')})(?:=|%3[Dd]))[^&\\s"'\\\\<>]+`,
  'giu',
);
/** The same in JSON that a message quotes. */
const quotedMember = new RegExp(
  `(\\\\"(?:${secretNames.join('|')})\\\\":\\s*\\\\")[^"\\\\]+`,
  'giu',
);
/** A word of plain text that follows is none (`no DPoP header.`). */
const credentials =
  /\b((?i:Bearer|Basic|DPoP)) +(?=[^\s"]*[\d=_~+/-]|[^\s"]+[A-Z]|[^\s"]*\.\w|[A-Za-z]{16})[\w.~+/=-]{6,}/gu;
/** From the beginning of a word, and only if it goes on: else each `eyJ` in it would be read to its end (T37). */
const jwt = /(?<![\w-])(?=[\w-]+\.[\w-])(?:[\w-]*-)?eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/gu;

/** One line of text without the secrets that URLs, headers and tokens in messages would carry. */
const scrubText = (text: string): string =>
  text
    .replace(parameter, `$1${censor}`)
    .replace(quotedMember, `$1${censor}`)
    .replace(credentials, `$1 ${censor}`)
    .replace(nodeKeys, censor)
    .replace(jwt, censor);

const maxDepth = 8;

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack: string | undefined;
  readonly cause?: unknown;
}

/** Only what we know of an error: libraries hang requests, headers and tokens on theirs. */
const scrubError = (error: Error, depth: number): LoggedError => ({
  type: error.name,
  message: error.message,
  ...('code' in error ? { code: String(error.code) } : {}),
  stack: error.stack,
  ...(error.cause === undefined ? {} : { cause: scrub(error.cause, depth + 1) }),
});

const scrubMembers = (object: object, depth: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      value !== undefined && secrets.has(plain(name)) ? censor : scrub(value, depth + 1),
    ]),
  );

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

/** A copy without secrets. Objects of classes become their name: a request or client holds more than we can know. */
const scrub = (value: unknown, depth: number): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) return '[deep]';
  if (value instanceof Error) return scrubError(value, depth);
  if (Array.isArray(value)) return value.map((item) => scrub(item, depth + 1));
  if (isPlain(value)) return scrubMembers(value, depth);
  if (value instanceof URL) return value.href;
  if (value instanceof Date) return value;
  return `[${value.constructor?.name ?? 'object'}]`;
};

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Default: standard output. */
  readonly destination?: DestinationStream | undefined;
}

/** Logs JSON lines, time in ISO 8601, without secrets: by member name at any depth, and by pattern in all text. */
export const createLogger = ({ level, destination }: LoggerOptions): Logger => {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (members) => scrubMembers(members, 0),
      },
      // Errors come here as `scrub` left them; pino's own serializer would merge their causes into one text.
      serializers: { err: (error: unknown) => error },
      hooks: {
        streamWrite: scrubText,
        logMethod(args, method) {
          // What stands behind `%s` and `%o` does not pass `formatters.log`.
          const [first, ...rest] = args;
          method.apply(this, [first, ...rest.map((value) => scrub(value, 0))] as typeof args);
        },
      },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
  // Nor does what children are bound to. Children inherit this from their parent.
  const { child } = logger;
  const scrubbingChild: typeof child = function (this: Logger, bindings, options) {
    return child.call(this, scrubMembers(bindings, 0), options as never) as never;
  };
  return Object.assign(logger, { child: scrubbingChild });
};
