import { expect } from 'vitest';
import { type ClientWorld, startClientWorld, tokensEnd } from './client-world.ts';
import { alice, type Person } from './person.ts';
import type { RealClient, Settings } from './program.ts';
import type { Wire } from './wire.ts';

/** How the client introduces itself: it registers (RFC 7591), or is the URL of its metadata document. */
export type Introduction = 'registration' | 'document';

export interface Start {
  readonly world: ClientWorld;
  readonly person: Person;
  readonly introduction: Introduction;
}

export const introductions: readonly Introduction[] = ['registration', 'document'];

const read = ['read_file', { name: 'planets.csv' }] as const;
const run = ['run_code', { code: '(1 + 2) * 3.5' }] as const;

/**
 * Everything that a person's client does with a protected MCP server in its life: logs in, calls what it may, is
 * refused the rest, gets it once a grant gives it, outlives its tokens, and loses all with the grant.
 * @returns what it sent
 */
export async function live(
  introduction: Introduction,
  start: (start: Start) => RealClient | Promise<RealClient>,
): Promise<Wire> {
  await using world = await startClientWorld();
  const person = alice();
  const { visits } = person;
  world.allow(['read_file']);
  await using client = await start({ world, person, introduction });
  const refusals = (): number =>
    world.wire.exchanges.filter(({ path, status }) => path === '/mcp' && status === 403).length;

  expect(await client.call(...read)).toEqual({ text: expect.stringMatching(/^planet,/) });
  expect(visits).toMatchObject([{ asked: true, scope: expect.arrayContaining(['read_file']) }]);
  const [code] = world.wire.redeemed('authorization_code');
  expect(code?.get('resource')).toBe(world.url);
  const registered = world.wire.registered();
  expect(registered).toHaveLength(introduction === 'registration' ? 1 : 0);
  const [first] = world.calls();
  expect(first).toMatchObject({ subject: 'userid:1', tool: 'read_file', outcome: 'done' });
  expect(first?.client.startsWith('https:')).toBe(introduction === 'document');

  // refused: 403 insufficient_scope, and asking for more brings no more
  expect(await client.call(...run)).toHaveProperty('refused');
  expect(refusals()).toBeGreaterThan(0);
  expect(visits.at(-1)?.scope).toEqual(expect.arrayContaining(['read_file', 'run_code']));
  expect(world.calls()).not.toContainEqual(
    expect.objectContaining({ tool: 'run_code', outcome: 'done' }),
  );

  // step-up: a new authorization with the union of the scopes, and a new question
  world.allow(['read_file', 'run_code']);
  expect(await client.call(...run)).toEqual({ text: '10.5' });
  const stepUp = visits.at(-1);
  expect(stepUp?.asked).toBe(true);
  expect(stepUp?.scope).toEqual(expect.arrayContaining(['read_file', 'run_code']));
  expect(await client.call(...read)).toHaveProperty('text');

  // outlives its tokens without the person
  const visited = visits.length;
  const renewals = world.wire.redeemed('refresh_token').length;
  await tokensEnd(world);
  expect(await client.call(...read)).toHaveProperty('text');
  expect(await client.call(...run)).toEqual({ text: '10.5' });
  expect(world.wire.redeemed('refresh_token').length).toBeGreaterThan(renewals);
  expect(visits).toHaveLength(visited);

  // without the grant nothing outlives the token that was given last
  world.allow([]);
  const last = world.wire.issuedAt();
  await tokensEnd(world);
  const calls = world.calls().length;
  expect(await client.call(...read)).toHaveProperty('refused');
  expect(await client.call(...run)).toHaveProperty('refused');
  expect(world.calls()).toHaveLength(calls);
  expect(world.wire.issuedAt()).toBe(last);
  return world.wire;
}

/** What the programs of `conformance/clients` are told. */
export function settingsFor(
  { world, introduction }: Start,
  metadata: Readonly<Record<string, unknown>>,
): Settings {
  const { url } = world;
  if (introduction === 'registration') return { url, metadata };
  const [redirectUri] = metadata['redirect_uris'] as string[];
  return { url, metadata, documentUrl: world.publish(redirectUri ?? '') };
}

/** The members that an app gives its SDK, of what the SDK then registers (`test/fixtures/registration`). */
export function ofApp(registration: object, added: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(registration).filter(([name]) => !added.includes(name)));
}
