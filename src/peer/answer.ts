import { LocalApiError } from './local-api.ts';
import { integerText, parseLossless } from './lossless-json.ts';

/**
 * Reading of tailscaled's JSON by type. What is not understood completely is no answer: a field of a wrong type is
 * an error, never a default, as a lost tag would turn a machine into a person.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** @throws LocalApiError `nonsense` */
export function readJson(json: string): Fields {
  let value: unknown;
  try {
    value = parseLossless(json);
  } catch (cause) {
    throw nonsense('it is not JSON', cause);
  }
  return object(value, 'the answer');
}

/** @throws LocalApiError `nonsense` */
export function object(value: unknown, name: string): Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || JSON.isRawJSON(value)) throw nonsense(`${name} is not an object`);
  return value as Fields;
}

/** Go writes an empty struct pointer as null or not at all. @throws LocalApiError `nonsense` */
export function optionalObject(value: unknown, name: string): Fields {
  return value == null ? {} : object(value, name);
}

/** A text that is not empty. @throws LocalApiError `nonsense` */
export function text(value: unknown, name: string): string {
  const read = optionalText(value, name);
  if (read === undefined) throw nonsense(`${name} is missing`);
  return read;
}

/** Undefined where absent, null or empty. @throws LocalApiError `nonsense` */
export function optionalText(value: unknown, name: string): string | undefined {
  if (value == null || value === '') return undefined;
  if (typeof value !== 'string') throw nonsense(`${name} is not a text`);
  return value;
}

/** Empty where absent or null. @throws LocalApiError `nonsense` */
export function texts(value: unknown, name: string): readonly string[] {
  if (value == null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw nonsense(`${name} is not a list of texts`);
  }
  return value;
}

/** False where absent or null. @throws LocalApiError `nonsense` */
export function flag(value: unknown, name: string): boolean {
  if (value == null) return false;
  if (typeof value !== 'boolean') throw nonsense(`${name} is not true or false`);
  return value;
}

/** An ID in decimal: an int64, as Go writes it. @throws LocalApiError `nonsense` */
export function decimal(value: unknown, name: string): string {
  const digits = integerText(value);
  if (digits === undefined || digits.length > 20) throw nonsense(`${name} is not an integer`);
  return digits;
}

export function nonsense(what: string, cause?: unknown): LocalApiError {
  const message = `tailscaled's answer can't be understood: ${what}`;
  return new LocalApiError('nonsense', message, { cause });
}
