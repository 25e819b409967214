import { z } from 'zod';
import { suggestion } from './nearest.ts';

/**
 * The kinds of value that the configuration file holds. Every message is worded to follow the value it is about
 * ("70000 must be a whole number from 1 to 65535"), so that it names the remedy too.
 */

/** An object without unknown members. The message has one line a key, in the order of the issue's `keys`. */
export const members = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys
            .map(
              (key) => `is no member here${suggestion(key, Object.keys(shape)) || ': remove it'}`,
            )
            .join('\n')
        : 'must be an object: { … }',
  });

/** A whole number in a closed range, with its default. */
export const whole = (min: number, max: number, standard: number, description: string) =>
  wholeNumber(min, max).default(standard).describe(description);

export const wholeNumber = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
};

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, {
    error: ({ input }) =>
      `must be one of ${values.map((value) => `"${value}"`).join(', ')}${
        typeof input === 'string' ? suggestion(input, values) : ''
      }`,
  });

export const flag = (description: string) =>
  z.boolean({ error: 'must be true or false' }).default(false).describe(description);

/** Text for which `refuse` finds no reason against it. */
export const text = (refuse: (value: string) => string | undefined) =>
  z.string({ error: 'must be text in quotes' }).superRefine((value, context) => {
    const reason = refuse(value);
    if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
  });

export const path = (description: string) =>
  text((value) =>
    value === '' || value.includes('\0') ? 'must be the path of a file' : undefined,
  ).describe(description);

/** A list of at most `max` different entries. */
export const listOf = <Item extends z.ZodType<string>>(item: Item, min: number, max: number) => {
  const error = `must be a list of ${min} to ${max} entries`;
  return z
    .array(item, { error: 'must be a list: [ … ]' })
    .min(min, { error })
    .max(max, { error })
    .superRefine((items, context) => {
      for (const [index, entry] of items.entries()) {
        if (items.indexOf(entry) === index) continue;
        const message = 'is in the list twice: remove one';
        context.addIssue({ code: 'custom', path: [index], message });
      }
    });
};

/** Clients compare such URLs as text (OpenID Connect Discovery 1.0 section 4.3): one spelling only. */
export const checkOrigin = (written: string, example: string): string | undefined => {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol)) {
    return `must be a URL such as "${example}"`;
  }
  if (url.origin !== written) {
    return `must be only scheme, host and optional port, in normal form: write "${url.origin}"`;
  }
  return /^[a-z0-9._-]*[a-z0-9]$|^\[.*\]$/u.test(url.hostname)
    ? undefined
    : 'must have a DNS name or an address as its host, without a dot at its end';
};
