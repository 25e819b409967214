import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'jsonc-parser';
import { afterEach, describe, expect, test } from 'vitest';
import { server as connectServer } from '../../examples/resource/connect.ts';
import { app } from '../../examples/resource/koa.ts';
import { server as mcpServer } from '../../examples/resource/mcp.ts';
import web from '../../examples/resource/web.ts';
import { loadConfig } from '../../src/config/config.ts';
import { ruleSchema } from '../../src/policy/rule.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/mcp.md');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gmsu'))].map(
    ([, block = '']) => block,
  );

describe('what the page shows is what is compiled', () => {
  const shown = [...page.matchAll(/^<!-- (\S+) -->\n```ts\n(.*?)^```$/gmsu)];
  test.each(shown.map(([, path = '', code = '']) => [path, code] as const))('%s', (path, code) => {
    expect(code).toBe(read(path).replace("'../../src/resource/resource.ts'", "'tsidp/resource'"));
  });

  test('all of them', () => {
    expect(shown.map(([, path]) => path)).toEqual(
      ['mcp', 'koa', 'connect', 'web'].map((name) => `examples/resource/${name}.ts`),
    );
  });
});

test('its configuration loads, and its policy has rules that are understood', () => {
  const [configuration = '', policy = ''] = blocks('jsonc');
  const argv = ['--config', '/etc/tsidp/tsidp.jsonc', '--dir', '/state'];
  const config = loadConfig({ argv, env: {}, readFile: () => configuration });
  expect(config.warnings).toEqual([]);
  const { grants } = parse(policy, [], { allowTrailingComma: true });
  const rules = grants.flatMap((grant: { app: object }) => Object.values(grant.app).flat());
  expect(rules).toHaveLength(2);
  for (const rule of rules) expect(() => ruleSchema.parse(rule)).not.toThrow();
  for (const block of blocks('json')) expect(() => JSON.parse(block)).not.toThrow();
});

test('the clients that it says were run are those that are', () => {
  const { dependencies } = JSON.parse(read('conformance/package.json'));
  for (const name of ['sdk', 'client', 'inspector']) {
    const version = dependencies[`@modelcontextprotocol/${name}`];
    expect(page).toContain(`\`@modelcontextprotocol/${name}\` | ${version} |`);
  }
  expect(page).toContain(`) ${dependencies['@modelcontextprotocol/conformance']} for`);
  const python = /^mcp==(\S+)/mu.exec(read('conformance/requirements.txt'))?.[1];
  expect(page).toContain(`\`mcp\` | ${python} |`);
  expect(dependencies['@modelcontextprotocol/client']).toBe(
    JSON.parse(read('package.json')).devDependencies['@modelcontextprotocol/client'],
  );
});

describe('the examples answer who brings no token', () => {
  const running: Server[] = [];
  afterEach(() => {
    for (const server of running.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function urlOf(server: Server): Promise<string> {
    running.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const koa = app.callback();
  const servers: [string, string, Server][] = [
    ['mcp', '/mcp', mcpServer],
    ['connect', '/api', connectServer],
    ['koa', '/api', createServer((request, response) => void koa(request, response))],
  ];
  test.each(servers)('%s', async (_name, path, server) => {
    const base = await urlOf(server);
    const document = `/.well-known/oauth-protected-resource${path}`;
    const metadata = (await (await fetch(base + document)).json()) as { resource: string };
    expect(metadata.resource).toBe(`https://notes.tail1234.ts.net${path}`);
    const refused = await fetch(base + path);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="https://notes.tail1234.ts.net${document}", scope="notes:read"`,
    );
  });

  test('web', async () => {
    const answer = await web.fetch(new Request('https://notes.tail1234.ts.net/api'));
    expect(answer.status).toBe(401);
  });
});
