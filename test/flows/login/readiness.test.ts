import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { attempt, json, login } from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld } from '../../world/world.ts';

it.each(['sessions', 'grants', 'codes', 'audit'])(
  'T43 no login can be stored in %s: readiness says so, and when it is over',
  async (table) => {
    await using world = await startWorld();
    const ready = async () => new Browser().open(`${world.issuer}/readyz`);
    expect((await ready()).status).toBe(200);
    const database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'));
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON ${table}
      BEGIN SELECT RAISE (ABORT, 'database or disk is full'); END`);

    const answer = await world.browser().open(attempt(world.issuer, 'grafana').url);
    expect(answer.status).toBe(503);
    const told = await until('it is told', async () => {
      const now = await ready();
      return now.status === 503 ? now : undefined;
    });
    expect(json(told)).toMatchObject({
      status: 'not ready',
      problems: ["the database can't be written: database or disk is full"],
    });
    expect(told.headers['retry-after']).toBeTruthy();
    // where the file is belongs to nobody but the operator
    expect(told.body).not.toContain(world.directory);

    database.exec('DROP TRIGGER full');
    database.close();
    await until('it is ready again', async () => (await ready()).status === 200);
    expect((await login(world.browser(), world.issuer)).claims['sub']).toBe('userid:1');
  },
);
