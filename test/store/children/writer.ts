/**
 * Writes logins for ever and prints what it may acknowledge, a line after each commit; killed by its parent.
 * `saved <grant> <code> <access> <refresh>` once a login is durable, `used <code>` once its code is redeemed.
 */
import { systemClock } from '../../../src/clock.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import { type Login, saveLogin } from '../contract/login.ts';

const path = process.argv[2] ?? '';
const store = openSqlite({ path, clock: systemClock });
const clock = { now: systemClock.nowSeconds(), nowSeconds: systemClock.nowSeconds };

async function request(): Promise<void> {
  const failures = store.failures;
  const login: Login = await saveLogin({ store, clock });
  store.audit.append({ at: 1, event: 'login', detail: { code: login.code.slice(0, 8) } });
  await store.committed(failures);
  process.stdout.write(`saved ${login.grant} ${login.code} ${login.access} ${login.refresh}\n`);
  await store.adapter('AuthorizationCode').consume(login.code);
  await store.committed(failures);
  process.stdout.write(`used ${login.code}\n`);
}

for (;;) await Promise.all([request(), request(), request(), request()]);
