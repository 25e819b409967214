import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { cookieNames } from '../../../src/engine/cookie-names.ts';
import {
  attempt,
  codeFor,
  failure,
  isActive,
  json,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld, type World } from '../../world/world.ts';

const refused = '400 invalid_grant';

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

describe('T24 a code', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(() => {
    vi.useRealTimers();
  });

  const statuses = async (accessToken: string, refreshToken: string, clientId: string) => [
    (await userinfo(world.issuer, accessToken)).status,
    await isActive(world.issuer, accessToken),
    await isActive(world.issuer, refreshToken),
    failure(await refresh(world.issuer, refreshToken, clientId)),
  ];
  const dead = [401, false, false, refused];

  it.each(['grafana', 'spa'])('of %s works once; again ends what it gave', async (clientId) => {
    const code = await codeFor(world.browser(), world.issuer, clientId);
    const { accessToken, refreshToken } = tokensOf(await redeem(world.issuer, code));
    expect((await userinfo(world.issuer, accessToken)).status).toBe(200);

    const answer = await redeem(world.issuer, code);

    expect(failure(answer)).toBe(refused);
    expect(json(answer)['error_description']).toMatch(/already consumed/);
    expect(await statuses(accessToken, refreshToken, clientId)).toEqual(dead);
    expect(failure(await redeem(world.issuer, code))).toBe(refused);
  });

  it('ends what was refreshed from it, too', async () => {
    const code = await codeFor(world.browser(), world.issuer);
    const first = tokensOf(await redeem(world.issuer, code));
    const second = tokensOf(await refresh(world.issuer, first.refreshToken));

    await redeem(world.issuer, code);

    expect(await statuses(second.accessToken, second.refreshToken, 'grafana')).toEqual(dead);
  });

  it.each(['grafana', 'spa'])(
    'of %s presented 20 times at once gives tokens once at most, dead ones',
    async (clientId) => {
      const code = await codeFor(world.browser(), world.issuer, clientId);

      const answers = await Promise.all(
        Array.from({ length: 20 }, () => redeem(world.issuer, code)),
      );

      const given = answers.filter(({ status }) => status === 200).map(tokensOf);
      expect(given).toHaveLength(1);
      expect(new Set(answers.map(failure))).toEqual(new Set(['200', refused]));
      const [{ accessToken, refreshToken }] = given as [(typeof given)[0]];
      expect(await statuses(accessToken, refreshToken, clientId)).toEqual(dead);
    },
  );

  it('lives exactly its lifetime', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(Date.now() / 1000) * 1000 });
    const [early, late] = [
      await codeFor(world.browser(), world.issuer),
      await codeFor(world.browser(), world.issuer),
    ];
    later(59);
    expect(failure(await redeem(world.issuer, early))).toBe('200');
    later(1);

    const answer = await redeem(world.issuer, late);

    expect(failure(answer)).toBe(refused);
    expect(json(answer)['error_description']).toMatch(/expired/);
  });

  it('stays used when its row was swept away', async () => {
    const database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'));
    const rows = () => database.prepare('SELECT count(*) AS n FROM codes').get()?.['n'];
    const used = await codeFor(world.browser(), world.issuer);
    const unused = await codeFor(world.browser(), world.issuer);
    const { refreshToken } = tokensOf(await redeem(world.issuer, used));

    vi.useFakeTimers({ toFake: ['Date'] });
    later(200);
    await until('the codes are swept', () => rows() === 0, 12_000);
    database.close();

    expect(failure(await redeem(world.issuer, used))).toBe(refused);
    expect(failure(await redeem(world.issuer, unused))).toBe(refused);
    expect(failure(await refresh(world.issuer, refreshToken))).toBe('200');
  });

  it('spent on a wrong verifier or redirect URI gives nothing, and is not lost to the app', async () => {
    const code = await codeFor(world.browser(), world.issuer);
    const wrongVerifier = { ...code.attempt, verifier: 'x'.repeat(43) };
    const redirect = {
      ...code.attempt.parameters,
      redirect_uri: 'https://grafana.test/cb?tenant=7',
    };

    const answers = [
      await redeem(world.issuer, { code: code.code, attempt: wrongVerifier }),
      await redeem(world.issuer, {
        code: code.code,
        attempt: { ...code.attempt, parameters: redirect },
      }),
    ];

    expect(answers.map(failure)).toEqual([refused, refused]);
    expect(failure(await redeem(world.issuer, code))).toBe('200');
  });
});

describe('a restart', () => {
  it('loses no code, token, session or page', async () => {
    await using world = await startWorld();
    const { issuer } = world;
    const alices = world.browser();
    const before = await login(alices, issuer, 'spa');
    const bobs = await login(world.browser('127.0.0.2'), issuer);
    const code = await codeFor(alices, issuer);
    const used = await codeFor(alices, issuer);
    const fromUsed = tokensOf(await redeem(issuer, used));
    const page = attempt(issuer, 'careful');
    const { location } = await alices.open(page.url);
    const session = alices.jar.get(cookieNames(world.issuer).session)!.value;

    await world.restart();

    expect(tokensOf(await redeem(issuer, code)).claims['sub']).toBe('userid:1');
    expect(json(await userinfo(issuer, bobs.accessToken))['sub']).toBe('userid:2');
    expect(json(await userinfo(issuer, before.accessToken))['sub']).toBe('userid:1');
    const refreshed = tokensOf(await refresh(issuer, bobs.refreshToken));
    expect(refreshed.claims['sub']).toBe('userid:2');
    expect(failure(await refresh(issuer, before.refreshToken, 'spa'))).toBe('200');

    const silent = await codeFor(alices, issuer, 'grafana', { prompt: 'none' });
    expect(alices.jar.get(cookieNames(world.issuer).session)!.value).toBe(session);
    expect(tokensOf(await redeem(issuer, silent)).claims['sub']).toBe('userid:1');
    const clicked = await alices.open(location!, { form: { action: 'continue' } });
    const done = await alices.open(clicked.location!);
    expect(done.location?.searchParams.get('code')).toBeTruthy();

    // what was used stays used, and still ends what it gave
    expect(failure(await redeem(issuer, used))).toBe(refused);
    expect((await userinfo(issuer, fromUsed.accessToken)).status).toBe(401);
  });
});
