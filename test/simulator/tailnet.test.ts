import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTailnet } from '../../src/simulator/tailnet.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tailnet-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function load(content: string, policy?: string) {
  const file = join(directory, 'net.jsonc');
  await writeFile(file, content);
  if (policy !== undefined) await writeFile(join(directory, 'policy.hujson'), policy);
  return loadTailnet(file);
}

const idp = '"idp": {"tags": ["tag:idp"], "addresses": ["100.64.0.2"]}';

/** A small right file with one part replaced. */
function file(parts: { nodes?: string; users?: string; rest?: string }): string {
  const { nodes = idp, users = '', rest = '' } = parts;
  return `{"tailnet": "t.test", "self": "idp", "users": {${users}}, "nodes": {${nodes}}${rest}}`;
}

describe('what a file may leave out', () => {
  test('comes from the name of the node, the same at every start', async () => {
    const first = (await load(file({}))).nodes.get('idp');
    expect((await load(file({}))).nodes.get('idp')).toEqual(first);
    expect(first).toMatchObject({ key: expect.stringMatching(/^nodekey:[0-9a-f]{64}$/) });
    expect(Number.isSafeInteger(Number(first?.id))).toBe(true);
  });

  test('status is that of a running daemon', async () => {
    const { status } = await load(file({}));
    expect(status).toMatchObject({ backendState: 'Running', tun: true, online: true });
  });
});

test('comments, trailing commas, a byte order mark, a policy beside it, IDs beyond 2^53', async () => {
  const tailnet = await load(
    `\uFEFF// a tailnet
    {
      "tailnet": "t.test", "self": "idp", /* of "ours", */ "policyFile": "policy.hujson",
      "users": {
        "a@example.com": {"id": 9007199254740993},
        "b@example.com": {"id": "9007199254740995", "displayName": "B // no comment, ]"},
      },
      "nodes": {${idp}, "b": {"user": "b@example.com", "addresses": ["FD7A:0::1", "::ffff:100.64.0.7"],},},
    }`,
    `{"grants": [{"src": ["a@example.com"], "dst": ["tag:idp"], "app": {"x": [{}]}},],}`,
  );
  expect(tailnet.users.get('a@example.com')?.id).toBe('9007199254740993');
  expect(tailnet.users.get('b@example.com')).toMatchObject({
    id: '9007199254740995',
    displayName: 'B // no comment, ]',
  });
  expect(tailnet.nodes.get('b')?.addresses).toEqual(['fd7a::1', '100.64.0.7']);
  expect(tailnet.policy.grants).toHaveLength(1);
});

describe('a wrong file is refused with its name and the place', () => {
  const user = '"a@example.com": {"id": 1}';
  test.each<[string, string, string | undefined, string]>([
    ['not JSON', '{"tailnet": "t.test",\n "self" "idp"}', undefined, 'net.jsonc:2:9: Colon'],
    ['nothing', '', undefined, 'net.jsonc:1:1: '],
    ['a list', '[]', undefined, 'net.jsonc: (top level): '],
    ['no nodes', '{"tailnet": "t", "self": "idp"}', undefined, 'net.jsonc: nodes: '],
    [
      'unknown key',
      file({ rest: ', "polcy": {}' }),
      undefined,
      'net.jsonc: (top level): Unrecognized key: "polcy"',
    ],
    [
      'no such self',
      '{"tailnet": "t.test", "self": "idb", "nodes": {}}',
      undefined,
      'net.jsonc: self: no node "idb"',
    ],
    [
      'bad address',
      file({ nodes: `${idp}, "x": {"tags": ["tag:x"], "addresses": ["100.64.0.300"]}` }),
      undefined,
      'net.jsonc: nodes.x.addresses[0]: "100.64.0.300" is not an IP address',
    ],
    [
      'bad tag',
      file({ nodes: `${idp}, "x": {"tags": ["x"], "addresses": ["::1"]}` }),
      undefined,
      'net.jsonc: nodes.x.tags[0]: a tag starts with "tag:"',
    ],
    [
      'no owner',
      file({ nodes: `${idp}, "x": {"addresses": ["::1"]}` }),
      undefined,
      'net.jsonc: nodes.x: needs "user" or "tags"',
    ],
    [
      'two owners',
      file({
        users: user,
        nodes: `${idp}, "x": {"user": "a@example.com", "tags": ["tag:x"], "addresses": ["::1"]}`,
      }),
      undefined,
      'net.jsonc: nodes.x: has both "user" and "tags"',
    ],
    [
      'no such user',
      file({ nodes: `${idp}, "x": {"user": "q@example.com", "addresses": ["::1"]}` }),
      undefined,
      'net.jsonc: nodes.x: no user "q@example.com" under "users"',
    ],
    [
      'an address twice',
      file({ nodes: `${idp}, "x": {"tags": ["tag:x"], "addresses": ["100.64.0.2"]}` }),
      undefined,
      "net.jsonc: nodes.x: the address 100.64.0.2 is nodes.idp's",
    ],
    [
      'a user ID twice',
      file({ users: `${user}, "b@example.com": {"id": "1"}` }),
      undefined,
      'net.jsonc: users["b@example.com"]: the user ID 1 is',
    ],
    [
      'an ID that is none',
      file({ users: '"a@example.com": {"id": 1.5}' }),
      undefined,
      'net.jsonc: users["a@example.com"].id: a whole number',
    ],
    [
      'policy twice',
      file({ rest: ', "policy": {}, "policyFile": "policy.hujson"' }),
      '{}',
      'net.jsonc: policyFile: there is "policy" already',
    ],
    [
      'policy file missing',
      file({ rest: ', "policyFile": "nowhere.hujson"' }),
      undefined,
      "nowhere.hujson: can't be read: ENOENT",
    ],
    [
      'policy file broken',
      file({ rest: ', "policyFile": "policy.hujson"' }),
      '{"grants": [}',
      'policy.hujson:1:13: ',
    ],
    [
      'grant without dst',
      file({ rest: ', "policyFile": "policy.hujson"' }),
      '{"grants": [{"src": ["*"]}]}',
      'policy.hujson: grants[0].dst: ',
    ],
    [
      'capability that is no list',
      file({ rest: ', "policy": {"grants": [{"src": ["*"], "dst": ["*"], "app": {"a/b": {}}}]}' }),
      undefined,
      'net.jsonc: policy: grants[0].app["a/b"]: ',
    ],
    [
      'no such group',
      file({ rest: ', "policy": {"grants": [{"src": ["group:x"], "dst": ["*"]}]}' }),
      undefined,
      'net.jsonc: policy: grants[0].src[0]: "group:x" is no group',
    ],
    [
      'no such host',
      file({ rest: ', "policy": {"grants": [{"src": ["*"], "dst": ["*", "desk"]}]}' }),
      undefined,
      'net.jsonc: policy: grants[0].dst[1]: "desk" is no group',
    ],
  ])('%s', async (_name, content, policy, message) => {
    const error = await load(content, policy).catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('name', 'TailnetFileError');
    expect((error as Error).message).toContain(message);
  });
});
