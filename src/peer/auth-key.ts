import { TailscaledError } from './tailscaled-error.ts';

export interface AuthKeySource {
  readonly authKey: string | undefined;
  /** Read when a login needs it, not before: a key that was used once may be gone from the disk afterwards. */
  readonly authKeyFile: string | undefined;
}

/** @throws TailscaledError that names the file, never the key */
export function readAuthKey(
  { authKey, authKeyFile }: AuthKeySource,
  readFile: (path: string) => string,
): string | undefined {
  if (authKeyFile === undefined) return authKey;
  let key: string;
  try {
    key = readFile(authKeyFile).trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TailscaledError(
      `the auth key's file ${authKeyFile} can't be read: ${reason}. The node is not logged in and needs it; remove the setting to get a login URL instead`,
      { cause },
    );
  }
  const problem = authKeyProblem(key);
  if (problem === undefined) return key;
  throw new TailscaledError(`the file ${authKeyFile} holds no auth key: it ${problem}`);
}

/** Why this is no key for a node, worded to follow it. Never quotes it. */
export function authKeyProblem(key: string): string | undefined {
  if (!/^[\x21-\x7e]{1,512}$/u.test(key)) return 'must be one word of printable ASCII';
  if (key.startsWith('tskey-client-')) {
    return 'is an OAuth client\'s secret: make an auth key ("tskey-auth-…") with it, or in the admin console';
  }
  return key.startsWith('tskey-api-')
    ? 'is an API access token: make an auth key ("tskey-auth-…") in the admin console'
    : undefined;
}

/**
 * Keys of Tailscale and Headscale, by their shape. Not the request that stands in the URL at which Headscale's
 * operator lets a node in (`/register/hskey-authreq-…`): who has it alone can do nothing, and he must read it. Nor the
 * mere kind of a key, as messages name it (`tskey-auth-…`).
 */
export const nodeKeys = /\b(?:ts|hs)key-(?!authreq-|(?:[a-z]+-)?(?![\w-]))[\w-]+/gu;

/** Keys of Tailscale and Headscale by their shape, and the one that we gave, wherever a program prints them. */
export function withoutKeys(line: string, key: string | undefined): string {
  const known = line.replace(nodeKeys, '[key]');
  return key === undefined ? known : known.replaceAll(key, '[key]');
}
