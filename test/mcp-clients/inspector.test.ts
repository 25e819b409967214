import { describe, expect, test } from 'vitest';
import { recorded } from '../world/register.ts';
import { freePort } from '../world/world.ts';
import { startInspector } from './inspector.ts';
import { introductions, live } from './journey.ts';

describe('the command line of the MCP Inspector', () => {
  test.concurrent.each(introductions)('a whole life, by %s', async (introduction) => {
    const callbackUrl = `http://127.0.0.1:${await freePort()}/oauth/callback`;
    const wire = await live(introduction, async ({ world, person }) => {
      const { url } = world;
      const documentUrl = introduction === 'document' ? world.publish(callbackUrl) : undefined;
      return startInspector({ url, callbackUrl, ...(documentUrl && { documentUrl }) }, person);
    });
    const sent = {
      ...recorded.get('inspector-cli'),
      redirect_uris: [callbackUrl],
      scope: 'read_file run_code offline_access',
    };
    // it logs in again twice, with a new registration each time
    expect(wire.registered()).toEqual(introduction === 'registration' ? [sent, sent, sent] : []);
  });
});
