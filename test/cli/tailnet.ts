import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Simulator } from '../../src/simulator/server.ts';
import type { TailnetInput } from '../../src/simulator/tailnet.ts';
import { makeCli } from './run.ts';

type Policy = NonNullable<TailnetInput['policy']>;

/** People and machines of a small company; connections do not matter here. */
export const company: TailnetInput = {
  tailnet: 'tailnet.test',
  self: 'idp',
  users: {
    'alice@example.com': { id: 1 },
    'bob@example.com': { id: 2 },
    carol: { id: 3 },
    'mallory@elsewhere.example': { id: 4 },
  },
  nodes: {
    idp: { id: 2, tags: ['tag:idp'], addresses: ['100.64.0.2'] },
    'alice-laptop': { id: 3, user: 'alice@example.com', addresses: ['100.64.0.3'] },
    'alice-phone': { id: 13, user: 'alice@example.com', os: 'iOS', addresses: ['100.64.0.13'] },
    bob: { id: 4, user: 'bob@example.com', addresses: ['100.64.0.4', 'fd7a:115c:a1e0::4'] },
    carol: { id: 5, user: 'carol', addresses: ['100.64.0.5'] },
    ci: { id: 6, tags: ['tag:ci'], addresses: ['100.64.0.6'] },
    guest: {
      id: 7,
      user: 'mallory@elsewhere.example',
      sharee: true,
      addresses: ['100.64.0.7'],
    },
  },
};

/** A policy that gives these rules from each of these sources to our node. */
export const policyOf = (rules: Record<string, readonly unknown[]>): Policy => ({
  acls: [{ action: 'accept', src: ['*'], dst: ['*:*'] }],
  grants: [
    { src: ['*'], dst: ['*'], ip: ['*'] },
    ...Object.entries(rules).map(([src, values]) => ({
      src: [src],
      dst: ['tag:idp'],
      app: { 'tailscale.com/cap/tsidp': [...values] },
    })),
  ],
});

/** The commands beside a tailscaled of their own. */
export async function makeTailnetCli(tailnet: TailnetInput) {
  const cli = makeCli();
  const socketPath = join(cli.parent, 'tailscaled.sock');
  const simulator = await Simulator.start({ tailnet, socketPath });
  onTestFinished(() => simulator.stop());
  return { ...cli, simulator, socket: ['--tailscaled-socket', socketPath] };
}
