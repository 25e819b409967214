import { TakeoverError } from '../../src/takeover/takeover-error.ts';
import { readTsidpState, type TsidpState } from '../../src/takeover/tsidp-state.ts';
import { tsidpDirectory } from './tsidp-directory.ts';

export const read = (
  key: string | undefined,
  clients?: string | Record<string, unknown>,
): TsidpState | undefined => readTsidpState(tsidpDirectory(key, clients).path);

/** The error's text, which must name the file, its line where there is one, and quote no secret. */
export const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof TakeoverError) return error.message;
    throw error;
  }
  throw new Error('was not refused');
};
