import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/simulator/faults.ts';
import type { Simulator } from '../../../src/simulator/server.ts';
import { auditLog } from '../../world/audit-log.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import {
  attempt,
  call,
  codeFor,
  failure,
  json,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld, type World } from '../../world/world.ts';

const unavailable = '503 temporarily_unavailable';

const faults: readonly Exclude<Fault, 'none'>[] = [
  'hang',
  'nonsense',
  'truncated',
  'error500',
  'html',
];
interface Trouble {
  readonly what: string;
  begin(simulator: Simulator): Promise<void> | void;
  end(simulator: Simulator): Promise<void> | void;
}

const troubles: readonly Trouble[] = [
  {
    what: 'stopped',
    begin: (simulator: Simulator) => simulator.stop(),
    end: (simulator: Simulator) => simulator.restart(),
  },
  {
    what: 'logged out',
    begin: (simulator: Simulator) => simulator.setStatus({ backendState: 'NeedsLogin' }),
    end: (simulator: Simulator) => simulator.setStatus({ backendState: 'Running' }),
  },
  ...faults.map((fault) => ({
    what: `faulty (${fault})`,
    begin: (simulator: Simulator) => simulator.fault(fault),
    end: (simulator: Simulator) => simulator.fault('none'),
  })),
];

const retryAfter = ({ headers }: Answer) => Number(headers['retry-after']);

/** `/authorize` can't be answered: a page for people, an error for an app that wanted no page. */
async function expectNoLogins(world: World): Promise<void> {
  const ask = (more: Record<string, string>) =>
    world.browser().open(attempt(world.issuer, 'grafana', more).url);
  const [silent, ...pages] = await Promise.all(
    [{ prompt: 'none' }, {}, { prompt: 'login' }, { prompt: 'consent' }].map(ask),
  );
  for (const page of pages) {
    expect(page.status).toBe(503);
    expect(retryAfter(page)).toBeGreaterThan(0);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.location).toBeUndefined();
  }
  expect(silent!.location?.origin).toBe('https://grafana.test');
  expect(silent!.location?.searchParams.get('error')).toBe('temporarily_unavailable');
}

const noCache = { whoisCacheSeconds: 0 };

describe.concurrent('T31 while tailscaled is', () => {
  it.each(troubles)(
    '$what, nobody is guessed, nothing is lost, and it passes by itself',
    async ({ begin, end }) => {
      await using world = await startWorld(noCache);
      const { issuer, simulator } = world;
      const browser = world.browser();
      const tokens = await login(browser, issuer);
      const code = await codeFor(browser, issuer);
      const page = await browser.open(attempt(issuer, 'careful').url);
      const clicked = await browser.open(page.location!, { form: { action: 'continue' } });

      await begin(simulator);

      const health = new Browser();
      await until(
        'readiness says no',
        async () => {
          await browser.open(attempt(issuer, 'grafana').url);
          return (await health.open(`${issuer}/readyz`)).status === 503;
        },
        10_000,
      );
      expect((await health.open(`${issuer}/healthz`)).status).toBe(200);
      const ready = await health.open(`${issuer}/readyz`);
      expect(retryAfter(ready)).toBeGreaterThan(0);
      expect(json(ready)['problems']).toHaveLength(1);
      const [, resumed, ...answers] = await Promise.all([
        expectNoLogins(world),
        browser.open(clicked.location!),
        redeem(issuer, code),
        userinfo(issuer, tokens.accessToken),
        refresh(issuer, tokens.refreshToken),
        call(issuer, '/introspect', 'grafana', { token: tokens.accessToken }),
      ]);
      expect(resumed.status).toBe(503);
      expect(answers.map(failure)).toEqual(answers.map(() => unavailable));
      expect(answers.every((answer) => retryAfter(answer) > 0)).toBe(true);

      await end(simulator);

      await until('readiness says yes', async () => {
        return (await health.open(`${issuer}/readyz`)).status === 200;
      });
      expect((await userinfo(issuer, tokens.accessToken)).status).toBe(200);
      expect(tokensOf(await redeem(issuer, code)).claims['sub']).toBe('userid:1');
      expect(tokensOf(await refresh(issuer, tokens.refreshToken)).claims['sub']).toBe('userid:1');
      expect(
        (await browser.open(clicked.location!)).location?.searchParams.get('code'),
      ).toBeTruthy();
      expect((await login(world.browser('127.0.0.2'), issuer)).claims['sub']).toBe('userid:2');
    },
  );
});

describe('T31 a tailscaled that comes and goes', () => {
  it('never logs anybody in as somebody else', async () => {
    await using world = await startWorld({ whoisCacheSeconds: 1 });
    const { issuer, simulator } = world;
    const people = { '127.0.0.1': 'userid:1', '127.0.0.2': 'userid:2' };
    const ending = new AbortController();
    const outcomes = { logins: 0, unavailable: 0 };
    const tryLogin = async (address: string, subject: string) => {
      const tokens = await login(world.browser(address), issuer, 'spa').catch((error: Error) => {
        expect(error.message).toMatch(/^no (code|tokens): 503 /);
      });
      if (tokens) expect(tokens.claims['sub']).toBe(subject);
      outcomes[tokens ? 'logins' : 'unavailable'] += 1;
    };
    const workers = Object.entries(people).flatMap(([address, subject]) =>
      Array.from({ length: 4 }, async () => {
        while (!ending.signal.aborted) await tryLogin(address, subject);
      }),
    );
    const more = async (what: keyof typeof outcomes) => {
      const enough = outcomes[what] + 8;
      await until(`more ${what}`, () => outcomes[what] >= enough);
    };

    const troublesome = (async () => {
      for (const { begin, end } of troubles) {
        await more('logins');
        await begin(simulator);
        await more('unavailable');
        await end(simulator);
      }
      await more('logins');
    })().finally(() => ending.abort());
    await Promise.all([troublesome, ...workers]);
  });
});

describe('while the control server is away', () => {
  const mark = (world: World, event: string) =>
    auditLog(world.directory)
      .filter((row) => row.event === event)
      .at(-1)?.detail['stale'];
  /** The map changes now and then; each change makes the daemon look at tailscaled's status. */
  const stir = (simulator: Simulator, os: string) => simulator.setNode('carol-laptop', { os });

  it('logins go on for a while, marked in the audit log, then stop, then come back', async () => {
    await using world = await startWorld({ staleNetworkMapSeconds: 2 });
    const { issuer, simulator } = world;
    const before = await login(world.browser(), issuer);
    expect(mark(world, 'login')).toBeUndefined();

    simulator.setStatus({ online: false });
    stir(simulator, 'macOS');
    const marked = await until('a login is marked', async () => {
      const tokens = await login(world.browser(), issuer);
      return mark(world, 'login') === true ? tokens : undefined;
    });
    expect(marked.claims['sub']).toBe('userid:1');
    expect((await new Browser().open(`${issuer}/readyz`)).status).toBe(200);
    expect(mark(world, 'token')).toBe(true);
    await refresh(issuer, marked.refreshToken);
    expect(mark(world, 'refresh')).toBe(true);

    await until('logins stop', async () => {
      return (await world.browser().open(attempt(issuer, 'grafana').url)).status === 503;
    });
    await expectNoLogins(world);
    const ready = await new Browser().open(`${issuer}/readyz`);
    expect(ready.status).toBe(503);
    expect(json(ready)['problems']).toEqual([expect.stringContaining('control server')]);
    expect(failure(await userinfo(issuer, before.accessToken))).toBe(unavailable);
    expect(failure(await refresh(issuer, before.refreshToken))).toBe(unavailable);

    simulator.setStatus({ online: true });
    await until('logins come back', async () => {
      return (await world.browser().open(attempt(issuer, 'grafana').url)).status === 303;
    });
    await login(world.browser(), issuer);
    expect((await new Browser().open(`${issuer}/readyz`)).status).toBe(200);
    expect(mark(world, 'login')).toBeUndefined();
    expect(failure(await refresh(issuer, before.refreshToken))).toBe('200');
  });
});
