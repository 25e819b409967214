import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { doorsOf } from '../../world/callers.ts';
import { mcp, configuration as withResources } from '../../world/resource-world.ts';
import type { Sent } from '../../world/send.ts';
import { clients } from '../../world/world.ts';
import { type Everywhere, listenEverywhere, tailnet } from './listener-world.ts';
import { outcomeOf } from './who.ts';

const { resources } = withResources;
const tokenOf = ({ body }: Sent) => decodeJwt(String(JSON.parse(body).access_token));

describe.each([
  ['tailscale', 'nCi11CNTRL', 'nProxy11CNTRL'],
  ['headscale', '5', '8'],
] as const)('StableIDs as %s gives them', (control, ci, proxy) => {
  let world: Everywhere;
  let doors: ReturnType<typeof doorsOf>;
  beforeAll(async () => {
    const { nodes } = tailnet;
    const named = {
      ...nodes,
      ci: { ...nodes['ci']!, ...(control === 'tailscale' ? { stableId: ci } : {}) },
      proxy: { ...nodes['proxy']!, ...(control === 'tailscale' ? { stableId: proxy } : {}) },
    };
    world = await listenEverywhere(
      { clients: [...clients, { id: 'by-node', peer: { node: ci } }], resources },
      { tailnet: { ...tailnet, control, nodes: named }, trustedProxies: [proxy] },
    );
    doors = doorsOf(world);
    allowInPolicy(world.simulator, [
      { src: ['tag:ci'], scopes: [{ resource: mcp, scopes: ['read_file'] }] },
    ]);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const token = (form: Record<string, string>) =>
    doors.tailnet.send('tagged', {
      path: '/token',
      fields: [],
      form: { grant_type: 'client_credentials', ...form },
    });

  it('a machine gets a token by its connection', async () => {
    const claims = tokenOf(await token({}));
    expect(claims).toMatchObject({ sub: `node:${ci}`, client_id: `node-${ci}` });
  });

  it('as the client that says its ID, and as the one that is configured to be this node', async () => {
    expect(tokenOf(await token({ client_id: `node-${ci}` }))).toMatchObject({ sub: `node:${ci}` });
    expect(tokenOf(await token({ client_id: 'by-node' }))).toMatchObject({ client_id: 'by-node' });
    const other = await token({ client_id: `node-${proxy}` });
    expect(JSON.parse(other.body)).toMatchObject({ error: 'invalid_client' });
  });

  it('a proxy that is trusted by its ID says for whom it connects', async () => {
    const fields = [['X-Forwarded-For', '100.64.0.3']] as const;
    const { issuer } = world;
    expect(
      await outcomeOf({ doors, issuer, door: 'tailnet', caller: 'trusted proxy', fields }),
    ).toBe('userid:1');
  });
});
