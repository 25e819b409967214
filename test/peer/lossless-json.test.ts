import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { integerText, parseLossless } from '../../src/peer/lossless-json.ts';

describe('parseLossless', () => {
  test.each([
    '9007199254740993',
    '-9007199254740993',
    '{"ID":9007199254740993}',
    '{"a":{"b":[1,9007199254740993,2]}}',
    '[18446744073709551615]',
    '[0.1234567890123456789]',
    '[1e400,-1e400,1e-400]',
    '[1.7976931348623157e+309]',
    '[9007199254740992,9007199254740993]',
    '{"text":"9007199254740993","number":9007199254740993}',
    '[123456789012345678900000000000000000000000000001]',
  ])('writes %s back as it was', (text) => {
    expect(JSON.stringify(parseLossless(text))).toBe(text);
  });

  test.each(['{"ID" : 9007199254740993 }', '{"ID":\n\t9007199254740993}', '[ 9007199254740993]'])(
    'whitespace does not hide a number: %j',
    (text) => {
      expect(JSON.stringify(parseLossless(text))).toContain('9007199254740993');
    },
  );

  test.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992],
    ['1.0', 1],
    ['100000000000000000000', 1e20],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['0.30000000000000004', 0.30000000000000004],
    ['0.1000000000000000000', 0.1],
    ['0e5', 0],
    ['2147455555', 2147455555],
  ])('%s stays a number', (text, number) => {
    expect(parseLossless(text)).toBe(number);
  });

  test('gives what JSON.parse gives, where that loses nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const parsed = parseLossless(text);
        expect(JSON.stringify(parsed)).toBe(JSON.stringify(withoutProto(JSON.parse(text))));
      }),
    );
  });

  test('every integer survives', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        expect(integerText(field(`{"ID":${integer}}`))).toBe(String(integer));
      }),
    );
  });

  test.each(['{"__proto__":{"admin":true},"a":1}', '{"\\u005f_proto__":{"admin":true},"a":1}'])(
    'drops the key of %s, so that a copy is harmless, too',
    (text) => {
      const parsed = parseLossless(text) as object;
      expect(Object.keys(parsed)).toEqual(['a']);
      expect(Object.getPrototypeOf(Object.assign({}, parsed))).toBe(Object.prototype);
      expect('admin' in Object.assign({}, parsed)).toBe(false);
    },
  );

  test.each(['', '{', '[1,]', '01', '1.', 'NaN', '9007199254740993x', '{"a":9007199254740993'])(
    'refuses %j',
    (text) => {
      expect(() => parseLossless(text)).toThrow(SyntaxError);
    },
  );

  test('a hostile number takes no time', () => {
    const digits = `1${'0'.repeat(1_000_000)}1`;
    const begun = performance.now();
    expect(JSON.stringify(parseLossless(`[${digits}]`))).toBe(`[${digits}]`);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe('integerText', () => {
  test.each([
    [1, '1'],
    [-7, '-7'],
    [0, '0'],
    [1e21, '1000000000000000000000'],
    [JSON.rawJSON('9007199254740993'), '9007199254740993'],
    [1.5, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [JSON.rawJSON('0.1234567890123456789'), undefined],
    [JSON.rawJSON('1e400'), undefined],
    [JSON.rawJSON('"1"'), undefined],
    ['1', undefined],
    [null, undefined],
    [undefined, undefined],
    [{ rawJSON: '1' }, undefined],
  ])('%s: %s', (value, text) => {
    expect(integerText(value)).toBe(text);
  });
});

function field(text: string): unknown {
  return (parseLossless(text) as { ID: unknown }).ID;
}

function withoutProto(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner) =>
    key === '__proto__' ? undefined : inner,
  );
}
