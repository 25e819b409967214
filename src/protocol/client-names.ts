/** A tagged node is a client by itself, called so and by its StableID. */
export const machinePrefix = 'node-';

/** Why `id` can't be a client's; ids avoid `: % +`, which clients encode differently in Basic credentials. */
export const checkClientId = (id: string): string | undefined =>
  /^[A-Za-z0-9._~-]{1,128}$/u.test(id)
    ? undefined
    : 'must be 1 to 128 letters, digits or ". _ ~ -" of ASCII';

/** Why `name` can't be shown: pages print it beside who is asking, so it must not be able to disguise itself. */
export const checkClientName = (name: string): string | undefined => {
  if (name.trim() === '') return 'must not be empty';
  if (name.length > 100) return 'must be at most 100 characters';
  return /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(name)
    ? 'must not hold control or text-direction characters'
    : undefined;
};
