import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exactNumber } from '../../src/simulator/hujson.ts';
import { Simulator } from '../../src/simulator/server.ts';
import type { TailnetInput } from '../../src/simulator/tailnet.ts';

/** The tailnet that the recordings were made in. */
export function recordedTailnet(): TailnetInput {
  const mcp = { users: ['*'], resources: ['https://mcp.tailnet.test/mcp'] };
  const cap = 'tailscale.com/cap/tsidp';
  return {
    tailnet: 'tailnet.test',
    self: 'idp',
    users: {
      'alice@example.com': { id: 1, displayName: 'Alice Ångström', role: 'admin' },
      'bob@example.com': { id: 2, displayName: 'bob@example.com' },
      carol: { id: 3, displayName: 'carol' },
    },
    nodes: {
      agent: {
        id: 1,
        stableId: '1',
        tags: ['tag:ai-agent'],
        addresses: ['100.64.0.1', 'fd7a:115c:a1e0::1'],
      },
      idp: {
        id: 2,
        stableId: '2',
        tags: ['tag:idp'],
        addresses: ['100.64.0.2', 'fd7a:115c:a1e0::2'],
      },
      alice: {
        id: 3,
        stableId: '3',
        user: 'alice@example.com',
        addresses: ['100.64.0.3', 'fd7a:115c:a1e0::3'],
      },
      bob: {
        id: 4,
        stableId: '4',
        user: 'bob@example.com',
        addresses: ['100.64.0.4', 'fd7a:115c:a1e0::4'],
      },
      'carol-laptop': {
        id: 6,
        stableId: '6',
        user: 'carol',
        expired: true,
        addresses: ['100.64.0.6', 'fd7a:115c:a1e0::6'],
      },
    },
    policy: {
      groups: { 'group:admins': ['alice@example.com'] },
      grants: [
        { src: ['*'], dst: ['*'], ip: ['*'] },
        {
          src: ['group:admins'],
          dst: ['tag:idp'],
          app: {
            [cap]: [
              {
                allow_admin_ui: true,
                allow_dcr: true,
                includeInUserInfo: true,
                extraClaims: { groups: ['admins'], level: exactNumber('9007199254740993') },
              },
            ],
          },
        },
        {
          src: ['alice@example.com', 'bob@example.com'],
          dst: ['tag:idp'],
          app: { [cap]: [{ ...mcp, extraClaims: { department: 'eng' } }] },
        },
        { src: ['tag:ai-agent'], dst: ['tag:idp'], app: { [cap]: [mcp] } },
      ],
    },
  };
}

/** A simulator of the recorded tailnet in a directory of its own; stopped and removed at the end of the scope. */
export async function startRecorded(): Promise<Simulator & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'simulator-'));
  const socketPath = join(directory, 'tailscaled.sock');
  const simulator = await Simulator.start({ tailnet: recordedTailnet(), socketPath });
  return Object.assign(simulator, {
    [Symbol.asyncDispose]: async () => {
      await simulator.stop();
      await rm(directory, { recursive: true });
    },
  });
}
