import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { auditLog } from './audit-log.ts';
import { doorsOf } from './callers.ts';
import { listenEverywhere } from './listener-world.ts';

const tries = 90;

it('T14 strangers of the internet do not fill the audit log', async () => {
  await using world = await listenEverywhere();
  const { serve } = doorsOf(world);
  const form = {
    grant_type: 'authorization_code',
    client_id: 'spa',
    code: 'made-up',
    redirect_uri: 'https://spa.test/cb',
    code_verifier: 'v'.repeat(43),
  };
  const answers = await Promise.all(
    Array.from({ length: tries }, () =>
      serve.send('Funnel stranger', { method: 'POST', path: '/token', fields: [], form }),
    ),
  );
  for (const answer of answers) expect(answer.body).toContain('"invalid_grant"');
  const denials = auditLog(dirname(world.stateDirectory)).filter(({ event }) => event === 'denial');
  expect(denials).toHaveLength(60);
});
