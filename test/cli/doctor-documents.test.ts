import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import { openSite } from '../outgoing/site.ts';
import { setUp } from './doctor-site.ts';

type Publish = (uri: string, issuer: string) => unknown;

const json =
  (document: unknown): RequestListener =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));

/** What doctor says of a resource whose server answers so. */
async function look(answer: (origin: string, issuer: string) => RequestListener, path = '/mcp') {
  let listener: RequestListener = () => undefined;
  await using site = await openSite((request, response) => listener(request, response));
  const resources = [{ uri: `${site.origin}${path}` }];
  const { examine, port } = await setUp({ config: { resources } });
  listener = answer(site.origin, `http://127.0.0.1:${port}`);
  const { all } = await examine();
  const { asked, origin } = site;
  return { asked, origin, found: all.filter(({ text }) => text.includes(origin)) };
}

describe('the document of a declared resource (RFC 9728)', () => {
  const publish =
    (document: Publish, path = '/mcp') =>
    (origin: string, issuer: string): RequestListener =>
      json(document(`${origin}${path}`, issuer));

  test('is asked for where the RFC puts it', async () => {
    const good: Publish = (resource, issuer) => ({ resource, authorization_servers: [issuer] });
    for (const [path, at] of [
      ['/mcp', '/.well-known/oauth-protected-resource/mcp'],
      ['/', '/.well-known/oauth-protected-resource'],
      ['', '/.well-known/oauth-protected-resource'],
      ['/a/b?c=1', '/.well-known/oauth-protected-resource/a/b?c=1'],
    ] as const) {
      const { asked, found } = await look(publish(good, path), path);
      expect(asked).toEqual([at]);
      expect(found).toMatchObject([
        { level: 'ok', text: expect.stringMatching(/names this issuer/) },
      ]);
    }
  });

  test.each<[string, Publish, RegExp, RegExp]>([
    [
      'our issuer with a slash',
      (resource, issuer) => ({ resource, authorization_servers: [`${issuer}/`] }),
      /with a slash at its end/,
      /AnyHttpUrl.*docs\/mcp\.md/,
    ],
    [
      'another issuer',
      (resource) => ({ resource, authorization_servers: ['https://other.test'] }),
      /other authorization servers, \["https:\/\/other\.test"\]/,
      /authorization_servers/,
    ],
    ['no issuer', (resource) => ({ resource }), /no authorization server/, /authorization_servers/],
    [
      'another resource',
      (resource, issuer) => ({ resource: `${resource}/`, authorization_servers: [issuer] }),
      /says that it is ".*\/mcp\/", but .* is declared/,
      /same URL/,
    ],
  ])('names %s', async (_, document, text, remedy) => {
    const { found } = await look(publish(document));
    expect(found).toMatchObject([
      {
        level: 'warning',
        text: expect.stringMatching(text),
        remedy: expect.stringMatching(remedy),
      },
    ]);
  });

  test('among several issuers ours is enough, and both spellings of an empty path are one resource', async () => {
    const { found } = await look(
      publish(
        (uri, issuer) => ({
          resource: `${uri}/`,
          authorization_servers: ['https://other.test', issuer],
        }),
        '',
      ),
      '',
    );
    expect(found).toMatchObject([{ level: 'ok' }]);
  });

  test.each<[string, RequestListener, RegExp]>([
    ['none', (_, response) => response.writeHead(404).end(), /answers 404/],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: 'https://x.test/' }).end(),
      /only MCP servers/,
    ],
    [
      'a page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('x'),
      /Content-Type/,
    ],
    [
      'no JSON',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
      /not JSON/,
    ],
    ['a list', json(null), /not a JSON object/],
    ['one without end', json('x'.repeat(100_000)), /only MCP servers/],
    ['a broken connection', (request) => request.destroy(), /only MCP servers/],
  ])('%s: said, and fine, as not every resource is an MCP server', async (_, answer, text) => {
    const { found } = await look(() => answer);
    expect(found).toMatchObject([{ level: 'ok', text: expect.stringMatching(text) }]);
  });
});
