import { describe, expect, test } from 'vitest';
import { createLogger, type Logger } from '../src/log.ts';

const capture = (level: 'info' | 'debug' = 'info') => {
  const lines: string[] = [];
  const log = createLogger({ level, destination: { write: (line) => void lines.push(line) } });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
};

test('lines are JSON with level, ISO time and message', () => {
  const { log, parsed } = capture();
  log.info(
    { client: 'grafana', count: 3, nested: { list: [1, { a: null }] } },
    'login of %s',
    'alice',
  );
  log.debug('not printed');
  expect(parsed()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/u),
      client: 'grafana',
      count: 3,
      nested: { list: [1, { a: null }] },
      msg: 'login of alice',
    },
  ]);
});

test('an error keeps its kind, message, code, stack and causes', () => {
  const { log, parsed } = capture();
  const cause = Object.assign(new Error('connect ENOENT'), { code: 'ENOENT' });
  log.error({ err: new TypeError('no tailscaled', { cause }) }, 'whois failed');
  log.error(new Error('alone'));
  expect(parsed()).toMatchObject([
    {
      level: 'error',
      err: {
        type: 'TypeError',
        message: 'no tailscaled',
        stack: expect.stringContaining('log.test.ts'),
        cause: { type: 'Error', code: 'ENOENT' },
      },
      msg: 'whois failed',
    },
    { err: { message: 'alone' }, msg: 'alone' },
  ]);
});

const leak = 'LEAKED-7f3a';
const names = [
  ...['authorization', 'cookie', 'set-cookie', 'code', 'token', 'access_token', 'refresh_token'],
  ...['id_token', 'client_secret', 'code_verifier', 'client_assertion', 'password', 'secret'],
  ...['Authorization', 'Set-Cookie', 'accessToken', 'clientSecret', 'CODE_VERIFIER'],
  ...['id_token_hint', 'subject_token', 'device_code', 'user_code', 'registration_access_token'],
  ...['secretVerifier', 'proxy-authorization'],
];

class Request {
  readonly token = leak;
}

const ways: readonly [name: string, write: (log: Logger, name: string) => void][] = [
  ['a member', (log, name) => log.info({ [name]: leak })],
  ['a deep member', (log, name) => log.info({ a: { b: { c: { d: { [name]: leak } } } } })],
  ['a member in a list', (log, name) => log.info({ a: [[{ [name]: leak }]] })],
  ['a list of values', (log, name) => log.info({ headers: { [name]: [leak, leak] } })],
  ['an object as value', (log, name) => log.info({ [name]: { value: leak } })],
  [
    'an error’s own member',
    (log, name) =>
      log.info({
        err: Object.assign(new Error('x'), { [name === 'code' ? 'token' : name]: leak }),
      }),
  ],
  ['a child', (log, name) => log.child({ [name]: leak }).info('x')],
  [
    'a grandchild',
    (log, name) =>
      log
        .child({ a: 1 })
        .child({ b: { [name]: leak } })
        .info('x'),
  ],
  ['a child with options', (log, name) => log.child({ [name]: leak }, {}).info('x')],
  ['a formatted object', (log, name) => log.info('got %o', { [name]: leak })],
  ['formatted JSON', (log, name) => log.info('got %j', { [name]: leak })],
];

describe('T22 no secret reaches the log', () => {
  test.each(ways)('T22 by name, as %s', (_, write) => {
    for (const name of names) {
      const { log, lines } = capture();
      write(log, name);
      expect(lines).toHaveLength(1);
      expect(lines[0], name).not.toContain(leak);
    }
  });

  test.each([
    [`GET /authorize?client_id=a&code=${leak}&state=x`],
    [`GET /logout?id_token_hint=${leak}`],
    [`body: grant_type=authorization_code&code=${leak}&code_verifier=${leak}`],
    [`client_secret=${leak}`],
    [`redirect_uri=https%3A%2F%2Fa.example%2Fcb%3Fcode%3D${leak}`],
    [`authorization: Bearer ${leak}`],
    [`Authorization: Basic ${Buffer.from(`a:${leak}`).toString('base64')}`],
    [`DPoP ${leak}`],
    [`{"access_token":"${leak}","token_type":"Bearer"}`],
    [`{ "code": "${leak}" }`],
    [`tailscaled: key tskey-auth-kX-${leak} is wrong`],
    ['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJMRUFLRUQtN2YzYSJ9.TEVBS0VELTdmM2E'],
    ['an-eyJ-eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJMRUFLRUQtN2YzYSJ9.TEVBS0VELTdmM2E'],
    ['a.b.eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJMRUFLRUQtN2YzYSJ9.TEVBS0VELTdmM2E'],
  ])('T22 by pattern, in text: %s', (text) => {
    const { log, lines } = capture();
    log.info(text);
    log.info({ url: text }, 'x');
    log.info('%s', text);
    log.info({ err: new Error(text, { cause: new Error(text) }) }, 'x');
    log.child({ url: text }).info('x');
    expect(lines).toHaveLength(5);
    for (const line of lines) {
      expect(line).not.toContain(leak);
      expect(line).not.toMatch(/TEVBS|MRUFLR|TEFBS|Okx/u);
      expect(() => JSON.parse(line)).not.toThrow();
    }
  });

  test('T22 objects of classes are named, not opened', () => {
    const { log, lines, parsed } = capture();
    log.info(
      { req: new Request(), bytes: Buffer.from(leak), map: new Map([['token', leak]]) },
      'x',
    );
    expect(lines[0]).not.toContain(leak);
    expect(parsed()).toMatchObject([{ req: '[Request]', bytes: '[Buffer]', map: '[Map]' }]);
  });
});

test('ordinary text stays as it is', () => {
  const { log, parsed } = capture();
  const text = 'Basic auth needs a token; status=200 response_type=code error_code=5 scope=openid';
  log.info({ scope: 'openid', client_id: 'a', reason: 'stale', jti: ['x'] }, text);
  expect(parsed()).toMatchObject([
    { scope: 'openid', client_id: 'a', reason: 'stale', jti: ['x'], msg: text },
  ]);
});

test('what refers to itself is cut, not followed', () => {
  const { log, lines } = capture();
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  log.info(circle, 'x');
  expect(lines[0]).toContain('[deep]');
});
