import { Agent, request } from 'node:http';
import { expect, it, vi } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { startWorld } from '../../world/world.ts';

/** How many of `times` requests without a token were told to wait. */
async function refused(url: string, localAddress: string, times: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let waiting = 0;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const sent = request(url, { agent, localAddress }, (answer) => {
        if (answer.statusCode === 429) waiting += 1;
        answer.resume().on('end', resolve);
      });
      sent.on('error', reject).end();
    });
  try {
    for (let left = times; left > 0; left -= 100) {
      await Promise.all(Array.from({ length: Math.min(left, 100) }, one));
    }
  } finally {
    agent.destroy();
  }
  return waiting;
}

it('T37 who was refused 6000 times in a minute waits, and nobody else', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    await using world = await startWorld();
    const userinfo = `${world.issuer}/userinfo`;
    expect(await refused(userinfo, '127.0.0.9', 6200)).toBe(200);
    const from = (address: string, path: string) =>
      new Browser(address).open(`${world.issuer}${path}`);
    const told = await from('127.0.0.9', '/token');
    expect(told.status).toBe(405); // no route, nothing to look up
    const waiting = await from('127.0.0.9', '/authorize');
    expect(waiting.status).toBe(429);
    expect(Number(waiting.headers['retry-after'])).toBe(60);
    expect((await from('127.0.0.9', '/healthz')).status).toBe(200);
    expect((await from('127.0.0.1', '/')).status).toBe(200);
    vi.setSystemTime(Date.now() + 61_000);
    expect((await from('127.0.0.9', '/userinfo')).status).toBe(401);
  } finally {
    vi.useRealTimers();
  }
}, 60_000);
