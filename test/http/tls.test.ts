import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type Listening, listen } from '../../src/http/listeners.ts';
import { type CertificateSource, createTls, type Tls } from '../../src/http/tls.ts';
import { createLogger } from '../../src/log.ts';
import { LocalApi } from '../../src/peer/local-api.ts';
import { textAnswer } from '../../src/simulator/routes.ts';
import { Simulator } from '../../src/simulator/server.ts';
import { until } from '../world/until.ts';
import { freePort } from '../world/world.ts';
import { createAuthority, type Issued, issue } from './certificates.ts';

const name = 'idp.tailnet.test';
const authority = createAuthority();

let directory: string;
let files: { certificateFile: string; keyFile: string };
let logged = '';
const undo: (() => unknown)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsidp-tls-'));
  files = { certificateFile: join(directory, 'c.pem'), keyFile: join(directory, 'k.pem') };
  logged = '';
});
afterEach(async () => {
  for (const act of undo.splice(0).toReversed()) await act();
  await rm(directory, { recursive: true, force: true });
});

/** As renewing programs do: written aside, then moved in its place. */
const put = async ({ cert, key }: Issued) => {
  for (const [path, text] of [
    [files.keyFile, key],
    [files.certificateFile, cert],
  ] as const) {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }
};

const destination = new Writable({
  write(chunk, _encoding, done) {
    logged += String(chunk);
    done();
  },
});
const open = async (source: CertificateSource = files): Promise<Tls> => {
  const log = createLogger({ level: 'trace', destination });
  const tls = await createTls({ source, names: [name], clock: systemClock, log, checkMs: 10 });
  undo.push(() => tls.stop());
  return tls;
};
const serve = async (tls: Tls): Promise<Listening & { port: number }> => {
  const port = await freePort();
  const place = { address: '127.0.0.1', port };
  const options = {
    place,
    tls: tls.current(),
    headerLimitBytes: 16_384,
    requestTimeoutMs: 5000,
  };
  const listening = await listen(options, (_request, response) => response.end('here'));
  tls.onRenewal((renewed) => listening.setCertificate(renewed));
  undo.push(() => listening.close(0));
  return { ...listening, port };
};

/** What a new connection is shown. @throws when the handshake fails */
const shownAt = async (port: number): Promise<string> => {
  const socket = connect({ host: '127.0.0.1', port, servername: name, ca: authority.cert });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerX509Certificate()?.toString() ?? '';
  } finally {
    socket.destroy();
  }
};
const get = async (port: number, agent: Agent): Promise<string> => {
  const options = { host: '127.0.0.1', port, servername: name, ca: authority.cert, agent };
  const sent = request({ ...options, headers: { host: name } }).end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return body;
};

describe('a certificate in files', () => {
  it('is renewed under load: no handshake fails, no connection is dropped', async () => {
    await put(issue(authority, { names: [name] }));
    const { port } = await serve(await open());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    undo.push(() => agent.destroy());
    await get(port, agent);
    const lasting = new Set<unknown>();
    agent.on('free', (socket) => lasting.add(socket));
    const ending = new AbortController();
    const counts = { handshakes: 0, requests: 0 };
    const handshaking = Array.from({ length: 4 }, async () => {
      while (!ending.signal.aborted) {
        await shownAt(port);
        counts.handshakes += 1;
      }
    });
    const requesting = (async () => {
      while (!ending.signal.aborted) {
        expect(await get(port, agent)).toBe('here');
        counts.requests += 1;
      }
    })();

    for (let renewals = 0; renewals < 5; renewals += 1) {
      const renewed = issue(authority, { names: [name] });
      await put(renewed);
      await until('it is shown', async () => (await shownAt(port)) === renewed.cert);
    }
    ending.abort();
    await Promise.all([...handshaking, requesting]);

    expect(counts.handshakes).toBeGreaterThan(20);
    expect(counts.requests).toBeGreaterThan(20);
    expect(lasting.size).toBe(1);
    expect(logged.match(/certificate renewed/g)).toHaveLength(5);
  });

  it.each([
    ['expired', () => issue(authority, { names: [name], fromDays: -9, toDays: -1 }), /expired/],
    ['of another name', () => issue(authority, { names: ['evil.test'] }), /another name/],
    [
      'still being written',
      () => {
        const { cert, key } = issue(authority, { names: [name] });
        return { cert: cert + authority.cert.slice(0, 200), key };
      },
      /can't be used for TLS/,
    ],
    [
      'whose key is missing yet',
      () => ({ cert: issue(authority, { names: [name] }).cert, key: 'soon' }),
      /no private key/,
    ],
  ])('that is replaced by one that is %s stays, and that is told once', async (_, make, words) => {
    const first = issue(authority, { names: [name] });
    await put(first);
    const { port } = await serve(await open());

    await put(make());

    await until('it is told', () => logged.includes('the old one stays'));
    expect(logged).toMatch(words);
    expect(await shownAt(port)).toBe(first.cert);
    const last = issue(authority, { names: [name] });
    await put(last);
    await until('a good one is shown', async () => (await shownAt(port)) === last.cert);
    // a moment between key and certificate is a fault of its own
    expect(logged.split('\n').filter((line) => words.test(line))).toHaveLength(1);
  });

  it('that is taken away stays', async () => {
    const first = issue(authority, { names: [name] });
    await put(first);
    const { port } = await serve(await open());
    await rm(files.keyFile);
    await until('it is told', () => logged.includes("can't be read"));
    expect(await shownAt(port)).toBe(first.cert);
  });

  it('that nears its end is told, once a day', async () => {
    await put(issue(authority, { names: [name], toDays: 13 }));
    await open();
    expect(logged).toMatch(/the certificate expires 20\d\d-.* and was not renewed/);
    await put(issue(authority, { names: [name], toDays: 12 }));
    await until('it is renewed', () => logged.includes('certificate renewed'));
    expect(logged.match(/and was not renewed/g)).toHaveLength(1);
  });

  it('stops the start when it is no good, naming the file', async () => {
    await put(issue(authority, { names: [name] }));
    await rm(files.certificateFile);
    await expect(open()).rejects.toThrow(
      `The certificate file ${files.certificateFile} can't be read`,
    );
    await put(issue(authority, { names: [name], fromDays: 1 }));
    await expect(open()).rejects.toThrow(`${files.certificateFile} is not valid before`);
  });
});

describe('a certificate from tailscaled', () => {
  let simulator: Simulator;
  let api: LocalApi;
  beforeEach(async () => {
    const nodes = { idp: { tags: ['tag:idp'], addresses: ['100.64.0.2'] } };
    simulator = await Simulator.start({
      tailnet: { tailnet: 'tailnet.test', self: 'idp', nodes },
      socketPath: join(directory, 'tailscaled.sock'),
    });
    api = new LocalApi({ socket: simulator.socketPath });
    undo.push(
      () => simulator.stop(),
      () => api.close(),
    );
  });
  const answer = (status: number, text: string, headers = {}) =>
    simulator.state.certificates.set(name, { ...textAnswer(status, text), headers });
  const give = ({ key, cert }: Issued) => answer(200, key + cert);

  it('is fetched, and renewed', async () => {
    const first = issue(authority, { names: [name] });
    give(first);
    const { port } = await serve(await open({ api, domain: name }));
    expect(await shownAt(port)).toBe(first.cert);

    const second = issue(authority, { names: [name] });
    give(second);

    await until('it is shown', async () => (await shownAt(port)) === second.cert);
  });

  it('that cannot be renewed stays', async () => {
    const first = issue(authority, { names: [name] });
    give(first);
    const { port } = await serve(await open({ api, domain: name }));
    answer(429, 'too many certificates');
    await until('it is told', () => logged.includes('the old one stays'));
    expect(await shownAt(port)).toBe(first.cert);
  });

  it.each([
    [403, 'access denied', {}, /\(403: access denied\)\. Run as root, or set TS_PERMIT_CERT_UID/],
    [429, 'rate limited', { 'Retry-After': '3600' }, /\(429.*try again after 3600 seconds/],
    [429, 'rate limited', {}, /\(429.*try again later/],
    [
      500,
      'your Tailscale account does not support getting TLS certs',
      {},
      /for idp\.tailnet\.test \(500: your Tailscale account.*Enable HTTPS.*listen\.plainHttp/,
    ],
    [200, 'hello', {}, /something that is not a certificate/],
  ])('that it does not give (%s %s) stops the start', async (status, text, headers, words) => {
    answer(status, text, headers);
    await expect(open({ api, domain: name })).rejects.toThrow(words);
  });
});
