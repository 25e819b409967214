import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { doorsOf } from '../../world/callers.ts';
import { listenEverywhere } from './listener-world.ts';

const tries = 90;
const code = { grant_type: 'authorization_code', code: 'made-up', code_verifier: 'v'.repeat(43) };
const ofSpa = { ...code, client_id: 'spa', redirect_uri: 'https://spa.test/cb' };
const assertion = [{ alg: 'RS256' }, { sub: 'grafana', iss: 'grafana' }, 'x']
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

it.each([
  ['made-up codes for a public app', ofSpa],
  ['a wrong secret', { ...code, client_id: 'post', client_secret: 'wrong' }],
  [
    'a made-up assertion',
    {
      ...code,
      client_id: 'grafana',
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    },
  ],
  ['no secret', { ...code, client_id: 'grafana' }],
])('T14 strangers of the internet do not fill the audit log with %s', async (_what, form) => {
  await using world = await listenEverywhere();
  const doors = doorsOf(world);
  const message = { method: 'POST', path: '/token', fields: [], form };
  const denials = () =>
    auditLog(dirname(world.stateDirectory)).filter(({ event }) => event === 'denial').length;
  for (let one = 0; one < tries; one += 1) {
    const answer = await doors.serve.send('Funnel stranger', message);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
  expect(denials()).toBe(60);
  // nobody of the internet keeps out what happens in the tailnet
  const before = denials();
  await doors.tailnet.send('member', { ...message, form: ofSpa });
  expect(denials()).toBe(before + 1);
});
