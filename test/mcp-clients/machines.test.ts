import { describe, expect, test } from 'vitest';
import { python } from '../../conformance/install.ts';
import { ecKeys, jwksOf } from '../flows/client-authentication/assertion-app.ts';
import { startClientWorld, tokensEnd } from './client-world.ts';
import { alice } from './person.ts';
import { startProgram } from './program.ts';

const pair = ecKeys();
const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const secret = 'nightly-secret-that-is-long-enough-0';
const own = { grantTypes: ['client_credentials'], scopes: ['read_file'] };
const clients = [
  { id: 'with-secret', secret, ...own },
  { id: 'with-key', jwks: jwksOf(pair), ...own },
];
const credentials = {
  'with-secret': { secret },
  'with-key': { privateKey, algorithm: 'ES256' },
};
type ClientId = keyof typeof credentials;

const sdks: Record<string, readonly [command: string, program: string]> = {
  'TypeScript SDK 1.x': [process.execPath, 'typescript-1.ts'],
  'TypeScript SDK 2.x': [process.execPath, 'typescript-2.ts'],
  'Python SDK': [python, 'python.py'],
};

const cases = Object.entries(sdks).flatMap(([sdk, program]) =>
  (['with-secret', 'with-key'] as const).map((id) => [sdk, id, program] as const),
);

describe('client credentials', () => {
  test.concurrent.each(cases)('of the %s, %s', async (_sdk, id: ClientId, [command, program]) => {
    await using world = await startClientWorld(clients);
    const { url, issuer } = world;
    const person = alice();
    const machine = { issuer, id, ...credentials[id] };
    const settings = { url, metadata: {}, machine };
    await using client = startProgram(command, program, settings, person);
    const issued = (): number => world.wire.redeemed('client_credentials').length;

    const read = ['read_file', { name: 'planets.csv' }] as const;
    expect(await client.call(...read)).toEqual({ text: expect.stringMatching(/^planet,/) });
    expect(world.calls()).toMatchObject([
      { subject: id, client: id, tool: 'read_file', outcome: 'done' },
    ]);
    const [form] = world.wire.redeemed('client_credentials');
    expect(form?.get('resource')).toBe(url);
    expect(form?.has('client_assertion')).toBe(id === 'with-key');

    // what nobody gave it stays shut
    expect(await client.call('run_code', { code: '1' })).toHaveProperty('refused');
    expect(world.calls()).not.toContainEqual(
      expect.objectContaining({ tool: 'run_code', outcome: 'done' }),
    );

    // and it gets a new token when the last has ended
    const before = issued();
    await tokensEnd(world);
    expect(await client.call(...read)).toHaveProperty('text');
    expect(issued()).toBeGreaterThan(before);
    expect(person.visits).toEqual([]);
  });
});
