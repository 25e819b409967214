import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalApi } from '../../src/peer/local-api.ts';
import { keepServed, type Served } from '../../src/peer/serve.ts';
import { ServeConflict, type ServeEntry } from '../../src/peer/serve-config.ts';
import { Simulator } from '../../src/simulator/server.ts';
import { until } from '../world/until.ts';

const tailnet = {
  tailnet: 'tailnet.test',
  self: 'idp',
  users: {},
  nodes: { idp: { tags: ['tag:idp'], addresses: ['100.64.0.2'] } },
};

const ours: ServeEntry = {
  host: 'idp.tailnet.test',
  port: 443,
  plainHttp: false,
  funnel: false,
  socketPath: '/state/serve/serve.sock',
};
const proxy = { Proxy: 'unix:/state/serve/serve.sock' };
const web = { 'idp.tailnet.test:443': { Handlers: { '/': proxy } } };
const ourFields = { TCP: { 443: { HTTPS: true } }, Web: web };

let directory: string;
let simulator: Simulator;
let api: LocalApi;
const served: Served[] = [];
const troubles: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsidp-serve-'));
  simulator = await Simulator.start({ tailnet, socketPath: join(directory, 'tailscaled.sock') });
  api = new LocalApi({ socket: simulator.socketPath });
  troubles.length = 0;
});
afterEach(async () => {
  await Promise.all(served.splice(0).map((one) => one.close()));
  api.close();
  await simulator.stop();
  await rm(directory, { recursive: true, force: true });
});

const keep = async (entry: Partial<ServeEntry> = {}): Promise<Served> => {
  const one = await keepServed({
    api,
    entry: () => ({ ...ours, ...entry }),
    onTrouble: ({ message }) => troubles.push(message),
    checkMs: 50,
    retryMs: 10,
  });
  served.push(one);
  return one;
};
type Config = Record<string, unknown> & { Foreground?: Record<string, unknown> };
const config = (): Config => JSON.parse(simulator.state.serveConfig) ?? {};
const foreground = () => Object.values(config().Foreground ?? {});
const configure = (other: unknown) => {
  simulator.state.serveConfig = typeof other === 'string' ? other : JSON.stringify(other);
};
/** What another program does at the very moment that our write comes in. */
const beforeWrite = (act: (count: number) => void) => {
  let asked = 0;
  simulator.on('request', (path) => {
    if (!path.endsWith('/serve-config')) return;
    asked += 1;
    if (asked % 2 === 0) act(asked / 2);
  });
};

describe('our entry', () => {
  it('stands under the session of a stream, alone', async () => {
    await keep();
    expect(foreground()).toEqual([ourFields]);
    expect(Object.keys(config())).toEqual(['Foreground']);
  });

  it('may be plain HTTP, and Funnel', async () => {
    const plain = await keep({ port: 80, plainHttp: true });
    expect(foreground()).toMatchObject([{ TCP: { 80: { HTTP: true } } }]);
    await plain.close();
    await keep({ funnel: true });
    expect(foreground()).toMatchObject([{ AllowFunnel: { 'idp.tailnet.test:443': true } }]);
  });

  it('is gone when we are', async () => {
    const one = await keep();
    await one.close();
    expect(config()).toEqual({});
    await until('its stream is gone', () => simulator.watchers === 0);
  });

  it('is gone when we are, though it was just being looked after', async () => {
    const one = await keep();
    simulator.on('request', (path) => {
      if (path.endsWith('/serve-config')) one.refresh();
    });
    await one.close();
    expect(config()).toEqual({});
  });

  it('is gone with its stream, however that ends', async () => {
    await keep();
    api.close();
    await simulator.stop();
    await until('its stream is gone', () => simulator.watchers === 0);
    expect(config()).toEqual({});
  });

  it('comes back with a tailscaled that was restarted', async () => {
    await keep();
    const [first] = Object.keys(config().Foreground ?? {});
    await simulator.restart();
    await until('it is there', () => foreground().length === 1);
    expect(foreground()).toEqual([ourFields]);
    expect(Object.keys(config().Foreground ?? {})).not.toEqual([first]);
  });

  it('comes back after "tailscale serve reset"', async () => {
    await keep();
    configure('null');
    await until('it is there', () => foreground().length === 1);
  });

  it('follows what is to be served', async () => {
    const entry = { host: 'idp.tailnet.test' };
    const one = await keepServed({
      api,
      entry: () => ({ ...ours, ...entry }),
      onTrouble: ({ message }) => troubles.push(message),
    });
    served.push(one);
    entry.host = 'idp-1.tailnet.test';
    one.refresh();
    await until('it is there', () =>
      simulator.state.serveConfig.includes('idp-1.tailnet.test:443'),
    );
    expect(foreground()).toHaveLength(1);
    expect(simulator.state.serveConfig).not.toContain('idp.tailnet.test:443');
  });
});

describe("others' entries", () => {
  const others = `{"TCP":{"8443":{"HTTPS":true}},"Web":{"idp.tailnet.test:8443":{"Handlers":{"/":{"Text":"ü"}}}},
    "Services":{"svc:x":{"Tun":true}},"Later":{"big":9007199254740993},
    "Foreground":{"abc":{"TCP":{"10000":{"HTTPS":true}}}}}`;

  it('stay as they are, to the last digit, before and after', async () => {
    configure(others);
    const one = await keep();
    expect(simulator.state.serveConfig).toContain('"svc:x":{"Tun":true}');
    expect(config()).toMatchObject({
      TCP: { 8443: { HTTPS: true } },
      Foreground: { abc: { TCP: { 10000: { HTTPS: true } } } },
    });
    await one.close();
    expect(config()).toEqual(JSON.parse(others));
  });

  it('that come between our reading and our writing are not lost', async () => {
    beforeWrite((count) => {
      if (count < 4) configure({ TCP: { [9000 + count]: { HTTP: true } } });
    });
    await keep();
    expect(config()).toMatchObject({ TCP: { 9003: { HTTP: true } } });
    expect(foreground()).toEqual([ourFields]);
  });

  it('that come without end are told', async () => {
    beforeWrite((count) => configure({ Later: count }));
    await expect(keep()).rejects.toThrow("change tailscaled's serve config again and again");
    await until('its stream is gone', () => simulator.watchers === 0);
  });

  it.each([
    ['in the background', { TCP: { 443: { HTTPS: true } } }],
    [
      'in the background, at another path',
      {
        TCP: { 443: { HTTPS: true } },
        Web: {
          'idp.tailnet.test:443': { Handlers: { '/grafana': { Proxy: 'http://127.0.0.1:3000' } } },
        },
      },
    ],
    ['as plain TCP', { TCP: { 443: { TCPForward: '127.0.0.1:9' } } }],
    ['in the foreground', { Foreground: { abc: { TCP: { 443: { HTTPS: true } } } } }],
  ])('at our port, %s, are not ours to take', async (_, theirs) => {
    configure(theirs);
    await expect(keep()).rejects.toThrow(ServeConflict);
    await expect(keep()).rejects.toThrow(
      /^Port 443 of this node is served by another program.*tailscale --socket=\S+ serve --https=443 off.*listen\.port/,
    );
    expect(config()).toEqual(theirs);
  });

  it('that take our port while we run are told once, and we come back after them', async () => {
    await keep();
    configure({ TCP: { 443: { HTTPS: true } } });
    await until('it is told', () => troubles.length > 0);
    expect(troubles).toEqual([expect.stringContaining('served by another program')]);
    configure('null');
    await until('it is there', () => foreground().length === 1);
    expect(troubles).toHaveLength(1);
  });

  it("an operator's own entry for our socket will do, and stays", async () => {
    const background = ourFields;
    configure(background);
    const one = await keep();
    expect(config()).toEqual(background);
    await one.close();
    expect(config()).toEqual(background);
  });

  it('what an earlier process of ours left makes room', async () => {
    configure({ Foreground: { old: ourFields } });
    await keep();
    expect(Object.keys(config().Foreground ?? {})).not.toContain('old');
    expect(foreground()).toEqual([ourFields]);
  });
});

describe('a tailscaled that does not', () => {
  it.each([
    ['error500', /answered serve-config with 500 internal error/],
    ['html', /can't be understood: it is not JSON/],
    ['truncated', /closed the connection/],
    ['hang', /did not answer/],
  ] as const)('answer (%s) is told at the start', async (fault, message) => {
    simulator.fault(fault, '/localapi/v0/serve-config');
    await expect(keep()).rejects.toThrow(message);
  });

  it('name a session is told at the start', async () => {
    simulator.fault('html', '/localapi/v0/watch-ipn-bus');
    await expect(keep()).rejects.toThrow(/ended its stream/);
  });

  it('answer later is told, and tried again', async () => {
    await keep();
    simulator.fault('error500', '/localapi/v0/serve-config');
    await until('it is told', () => troubles.length > 0);
    simulator.fault('none');
    configure('null');
    await until('it is there', () => foreground().length === 1);
  });
});
