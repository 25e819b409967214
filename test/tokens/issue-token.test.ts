import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { filesBelow } from '../../lint/storeys.ts';
import type { Line, TokenHolder, TokenOrder } from '../../src/tokens/issue-token.ts';
import type { TakenProof } from '../../src/tokens/proof.ts';

/** Members that may be left out. */
type Optional<T> = T extends unknown
  ? { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T]
  : never;

describe('a flow that issues tokens', () => {
  const source = join(import.meta.dirname, '../../src');
  const files = new Map(
    filesBelow(source).map((file) => [file, readFileSync(join(source, file), 'utf8')]),
  );
  const having = (pattern: RegExp): string[] =>
    [...files].filter(([, text]) => pattern.test(text)).map(([file]) => file);

  it('can leave out no step: every member of its order must be there', () => {
    // the compiler checks these
    expectTypeOf<Optional<TokenOrder>>().toBeNever();
    expectTypeOf<Optional<TokenHolder>>().toBeNever();
    expectTypeOf<Optional<Line>>().toBeNever();
    // nor can it make up that it asked for the proof
    expectTypeOf<{ thumbprint: undefined }>().not.toExtend<TakenProof>();
    expect(having(/\bas (?:unknown as )?TakenProof\b/)).toEqual(['tokens/proof.ts']);
  });

  it('goes the one way: nobody else makes tokens or answers with them', () => {
    const making =
      /\bnew (?:\w+\.)*(?:AccessToken|ClientCredentials|RefreshToken)\(|buildTokenResponse\(|\.setThumbprint\(/;
    expect(having(making)).toEqual(['tokens/issue-token.ts']);
    const grants = having(/\bregisterGrantType\(/).map((file) => dirname(file));
    expect(grants.length).toBeGreaterThan(1);
    const issuing = new Set(having(/\bissueToken\(/).map((file) => dirname(file)));
    expect(grants.filter((folder) => !issuing.has(folder))).toEqual([]);
  });
});
