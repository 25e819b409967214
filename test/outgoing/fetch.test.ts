import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createOutgoingFetch, type OutgoingParts } from '../../src/outgoing/fetch.ts';
import { createAuthority, issue } from '../http/certificates.ts';
import { openSite } from './site.ts';

const json: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json').end('{"ok":true}');
};
const authority = createAuthority();
const named = (...names: string[]) => issue(authority, { names });
const local = (parts: Partial<OutgoingParts> = {}) =>
  createOutgoingFetch({
    allowedHosts: ['127.0.0.1', 'app.test'],
    resolve: async () => ['127.0.0.1'],
    ca: authority.cert,
    ...parts,
  });

describe('T18 what an allowed host may answer', () => {
  it('returns status, headers and body', async () => {
    await using site = await openSite(json);
    const answer = await local()(`${site.origin}/doc?a=1`, { json: true });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe('{"ok":true}');
    expect(site.asked).toEqual(['/doc?a=1']);
  });

  it('asks for an unpacked body and sends nothing that names us or anybody', async () => {
    const seen: Record<string, unknown>[] = [];
    await using site = await openSite((request, response) => {
      seen.push(request.headers);
      json(request, response);
    });
    const fetch = local();
    await fetch(site.origin, { headers: { accept: 'application/json' } });
    await fetch(site.origin);
    expect(seen[0]).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      connection: 'close',
      host: `127.0.0.1:${site.port}`,
      'user-agent': 'tsidp',
    });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    await using site = await openSite((_request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    await expect(local()(site.origin)).rejects.toMatchObject({ failure: 'redirect' });
    expect(site.asked).toEqual(['/']);
  });

  const bodies: Record<string, [failure: string, answer: RequestListener]> = {
    'a body that is declared too long': [
      'size',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 65_537 }).write('{');
      },
    ],
    'a body that grows too long': [
      'size',
      (_request, response) => {
        response.write(Buffer.alloc(40_000, ' '));
        response.write(Buffer.alloc(40_000, ' '));
      },
    ],
    'a gzip bomb': [
      'encoding',
      (_request, response) => {
        const packed = gzipSync(Buffer.alloc(10_000_000, ' '));
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
      },
    ],
    'an HTML page': [
      'type',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('{}');
      },
    ],
    'no content type': ['type', (_request, response) => void response.end('{}')],
    'a hang before the answer': ['timeout', () => undefined],
    'a hang in the answer': ['timeout', (_request, response) => void response.write('{')],
    'a slow drip': [
      'timeout',
      (_request, response) => {
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
    ],
    'a connection that ends early': [
      'connection',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('{');
        setImmediate(() => response.destroy());
      },
    ],
    'no answer at all': ['connection', (request) => void request.socket.destroy()],
    'headers without end': [
      'type',
      (_request, response) => {
        response.setHeader('x-long', 'a'.repeat(20_000)).end('{}');
      },
    ],
    'another protocol': [
      'connection',
      (request) => {
        request.socket.end('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
      },
    ],
    'no HTTP': ['type', (request) => void request.socket.end('SSH-2.0-OpenSSH\r\n\r\n')],
  };
  it.each(Object.entries(bodies))('refuses %s', async (_name, [failure, answer]) => {
    await using site = await openSite(answer);
    // whatever else is wrong with an answer must not depend on how fast it came
    const fetch = local({ timeoutMs: failure === 'timeout' ? 400 : 10_000 });
    await expect(fetch(site.origin, { json: true })).rejects.toMatchObject({ failure });
  });

  it('ends its connection when the time is over', async () => {
    const closed = Promise.withResolvers<void>();
    await using site = await openSite((request) => {
      once(request.socket, 'close').then(() => closed.resolve(), closed.reject);
    });
    await expect(local({ timeoutMs: 1000 })(site.origin)).rejects.toMatchObject({ passes: true });
    await closed.promise;
  });
});

describe('T18 names, certificates and addresses', () => {
  it('connects to the address that was checked, by its name, however the name resolves later', async () => {
    const hosts: unknown[] = [];
    await using site = await openSite((request, response) => {
      hosts.push(request.headers.host);
      json(request, response);
    }, named('app.test'));
    let asked = 0;
    // the second answer, which a second lookup would get, leads nowhere
    const resolve = async () => (asked++ === 0 ? ['127.0.0.1'] : ['203.0.113.1']);
    const answer = await local({ resolve })(`https://app.test:${site.port}/`);
    expect(answer.status).toBe(200);
    expect(asked).toBe(1);
    expect(hosts).toEqual([`app.test:${site.port}`]);
  });

  it('asks again at the next request, and never connects when the answer became private', async () => {
    await using site = await openSite(json, named('rebound.test'));
    const answers = [['127.0.0.1'], ['10.0.0.1'], ['169.254.169.254']];
    const fetch = local({ resolve: async () => answers.shift() ?? [] });
    for (let i = 0; i < 3; i++) {
      await expect(fetch(`https://rebound.test:${site.port}/`)).rejects.toMatchObject({
        failure: 'address',
      });
    }
    expect(site.asked).toEqual([]);
  });

  it('refuses a certificate for another name', async () => {
    await using site = await openSite(json, named('other.test'));
    await expect(local()(`https://app.test:${site.port}/`)).rejects.toMatchObject({
      failure: 'certificate',
    });
    expect(site.asked).toEqual([]);
  });

  it('refuses a certificate of an authority that nobody trusts, whatever the environment says', async () => {
    await using site = await openSite(json, issue(createAuthority(), { names: ['app.test'] }));
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const fetch = local();
      await expect(fetch(`https://app.test:${site.port}/`)).rejects.toMatchObject({
        failure: 'certificate',
      });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  it('speaks plain HTTP to listed loopback hosts only', async () => {
    await using site = await openSite(json);
    const url = `http://app.test:${site.port}/`;
    expect((await local()(url)).status).toBe(200);
    const elsewhere = local({ resolve: async () => ['127.0.0.1', '10.0.0.1'] });
    await expect(elsewhere(url)).rejects.toMatchObject({ failure: 'url' });
    const unlisted = local({ allowedHosts: [] });
    await expect(unlisted(url)).rejects.toMatchObject({ failure: 'url' });
    await expect(unlisted(site.origin)).rejects.toMatchObject({ failure: 'url' });
    expect(site.asked).toHaveLength(1);
  });

  it('takes a listed port for that port alone', async () => {
    await using site = await openSite(json);
    const listed = local({ allowedHosts: [`127.0.0.1:${site.port}`] });
    expect((await listed(site.origin)).status).toBe(200);
    const other = local({ allowedHosts: ['127.0.0.1:1'] });
    await expect(other(site.origin)).rejects.toMatchObject({ failure: 'url' });
  });

  it('trusts a URL that the operator registered, and no other one of its host', async () => {
    await using site = await openSite(json);
    const fetch = local({ allowedHosts: [] });
    expect((await fetch(`${site.origin}/jwks`, { trusted: true })).status).toBe(200);
    await expect(fetch(`${site.origin}/jwks`)).rejects.toMatchObject({ failure: 'url' });
  });

  it('gives up on names that nobody answers for', async () => {
    const fetch = local({ timeoutMs: 100, resolve: () => new Promise(() => undefined) });
    await expect(fetch('https://app.test/')).rejects.toMatchObject({ failure: 'timeout' });
    const failing = local({ resolve: () => Promise.reject(new Error('SERVFAIL')) });
    await expect(failing('https://app.test/')).rejects.toMatchObject({ failure: 'unresolved' });
  });
});
