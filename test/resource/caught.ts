import { AccessError } from '../../src/resource/resource.ts';

/** The refusal that `promise` ends in. */
export async function caught(promise: Promise<unknown>): Promise<AccessError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
  if (outcome instanceof AccessError) return outcome;
  throw new Error(`no refusal, but ${JSON.stringify(outcome)}`, { cause: outcome });
}

export function bearer(token: string) {
  return { method: 'POST', path: '/mcp', authorization: `Bearer ${token}`, dpop: undefined };
}
