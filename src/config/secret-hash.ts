/** Hashes of client secrets, as other programs' configurations have them. Pure; never quotes one. */

/** What verifying one may cost us, so that a pasted one can't stop the daemon. */
export const hashBounds = { memoryKibibytes: 262_144, passes: 10, lanes: 16 } as const;

const argon2id =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}$/u;

/** Texts that nobody has for a secret: the hash would have to be typed into the app. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^\$argon2/u, 'an argon2 hash'],
  [/^\$pbkdf2/u, 'a pbkdf2 hash'],
  [/^\$scrypt\$/u, 'an scrypt hash'],
  [/^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$/u, 'a bcrypt hash'],
  [/^\$[56]\$(?:rounds=\d+\$)?[^$]{1,16}\$[./A-Za-z0-9]{43,86}$/u, 'a crypt hash'],
  [/^\$y\$[^$]+\$[^$]+\$[./A-Za-z0-9]{43}$/u, 'a yescrypt hash'],
];

/** Is this an argon2id hash in the PHC format, to be kept as it is? `checkSecretHash` says whether it can be. */
export const isSecretHash = (text: string): boolean => argon2id.test(text);

/** Why a hash can't be used; undefined for one that can, and for what is none. */
export const checkSecretHash = (text: string): string | undefined => {
  const [, memory, passes, lanes] = argon2id.exec(text) ?? [];
  if (memory === undefined) {
    const other = others.find(([pattern]) => pattern.test(text))?.[1];
    return other === undefined
      ? undefined
      : `is ${other}, which can't be checked here: give the secret itself, or its argon2id hash ($argon2id$v=19$m=19456,t=2,p=1$…)`;
  }
  const isCheap =
    Number(memory) <= hashBounds.memoryKibibytes &&
    Number(passes) <= hashBounds.passes &&
    Number(lanes) <= hashBounds.lanes;
  return isCheap
    ? undefined
    : `is a hash that costs too much to check: at most m=${hashBounds.memoryKibibytes},t=${hashBounds.passes},p=${hashBounds.lanes}`;
};
