import type { SenderName } from './exchange-world.ts';

/** Every token that can be presented, by what it is and whose. */
export const tokenNames = [
  'plain login',
  'plain login of bob',
  'worker login',
  'worker login, reading',
  'worker login of bob',
  'mcp login',
  'notes login',
  'ID token',
  'ID token of a worker login, reading',
  'es256 worker login',
  'es256 ID token',
  'eddsa plain login',
  'ci itself',
  'ci itself as by-tag',
  'second itself',
  'second itself as by-tag',
  'service itself',
  'chain of ci',
  'chain of ci and second',
  'refresh token',
  'code',
] as const;
export type TokenName = (typeof tokenNames)[number];

export interface Row {
  readonly token: TokenName;
  readonly by: SenderName;
  readonly actor?: TokenName;
  readonly to?: string | string[];
  readonly audience?: string | string[];
  readonly scope?: string;
  /** Of `requested_token_type`. */
  readonly want?: string;
  /** Of `subject_token_type`. Default: what the token is. */
  readonly as?: string;
  /** The error, or what the new token says. `actors` by node name, newest first; people by subject. */
  readonly gives:
    | string
    | {
        readonly sub?: string;
        readonly aud: string | string[];
        readonly scope: string;
        readonly actors?: readonly string[];
        readonly opaque?: true;
      };
}
