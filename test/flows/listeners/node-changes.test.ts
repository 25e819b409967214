import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { textAnswer } from '../../../src/simulator/routes.ts';
import { createAuthority, issue } from '../../http/certificates.ts';
import { handedOn } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import { dial, send } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import { freePort } from '../../world/world.ts';
import { startListening, tailnet } from './listener-world.ts';

/** A node whose addresses this machine has. */
const nodeAt = (...addresses: string[]) => ({
  ...tailnet,
  nodes: { ...tailnet.nodes, idp: { id: '2', tags: ['tag:idp'], addresses } },
});

const isUp = async (host: string, port: number) => {
  const socket = await dial({ host, port, localAddress: '127.0.0.13' }).catch(() => undefined);
  if (!socket) return false;
  const fields = [['Host', host]] as const;
  return (await send(socket, { path: '/', fields })).body.includes('alice@example.com');
};

describe("the node's addresses", () => {
  it('are followed as they change', async () => {
    const port = await freePort();
    await using world = await startListening(
      { listen: { type: 'tailnet', plainHttp: true, port } },
      { tailnet: nodeAt('127.0.0.31', '127.0.0.32') },
    );
    expect(world.urls).toEqual([`http://127.0.0.31:${port}`, `http://127.0.0.32:${port}`]);
    expect(await isUp('127.0.0.31', port)).toBe(true);

    world.simulator.setNode('idp', { addresses: ['127.0.0.32', '127.0.0.33'] });

    await until('the new one is bound', () => isUp('127.0.0.33', port));
    expect(await isUp('127.0.0.32', port)).toBe(true);
    await until('the old one is closed', async () => !(await isUp('127.0.0.31', port)));
  });

  it('are followed, too, when they change while the daemon starts', async () => {
    const port = await freePort();
    const name = 'idp.tailnet.test';
    const { key, cert } = issue(createAuthority(), { names: [name] });
    await using _world = await startListening(
      { listen: { type: 'tailnet', port } },
      {
        tailnet: nodeAt('127.0.0.38', '127.0.0.39'),
        prepare(simulator) {
          simulator.state.certificates.set(name, textAnswer(200, key + cert));
          simulator.on('request', (path) => {
            const isCertificate = path.endsWith(`/cert/${name}`);
            if (isCertificate) simulator.setNode('idp', { addresses: ['127.0.0.39'] });
            // the certificate comes after the next look at the node
            simulator.delayMs = isCertificate ? 500 : 0;
          });
        },
      },
    );
    const answers = async (host: string) => {
      const socket = await dial({ host, port, localAddress: '127.0.0.13' }).catch(() => undefined);
      socket?.destroy();
      return socket !== undefined;
    };
    await until('the old one is closed', async () => !(await answers('127.0.0.38')), 15_000);
    expect(await answers('127.0.0.39')).toBe(true);
  });

  it('stay bound while tailscaled is logged out', async () => {
    const port = await freePort();
    await using world = await startListening(
      { listen: { type: 'tailnet', plainHttp: true, port } },
      { tailnet: nodeAt('127.0.0.34') },
    );
    world.simulator.setStatus({ backendState: 'NeedsLogin' });
    const ask = async () => {
      const socket = await dial({ host: '127.0.0.34', port, localAddress: '127.0.0.13' });
      return send(socket, { path: '/readyz', fields: [['Host', 'idp.tailnet.test']] });
    };
    await until('it is told', async () => (await ask()).status === 503);
    world.simulator.setStatus({ backendState: 'Running' });
    await until('it is ready', async () => (await ask()).status === 200);
  });

  it('that this machine does not have yet are bound when it has them', async () => {
    const port = await freePort();
    await using world = await startListening(
      { listen: { type: 'tailnet', plainHttp: true, port } },
      { tailnet: nodeAt('127.0.0.35', 'fd7a:115c:a1e0::2') },
    );
    expect(world.urls).toEqual([`http://127.0.0.35:${port}`]);
    await until('it is told', () => world.logged().includes('It is tried again'));
    expect(world.logged()).toContain('fd7a:115c:a1e0::2');
  });

  it('of which there is none at all stop the start', async () => {
    const port = await freePort();
    await expect(
      startListening(
        { listen: { type: 'tailnet', plainHttp: true, port } },
        { tailnet: nodeAt('100.64.0.2') },
      ),
    ).rejects.toThrow(/100\.64\.0\.2 port \d+: this machine does not have the address/);
  });

  it('that another program listens on stop the start', async () => {
    const port = await freePort();
    const at = { listen: { type: 'tailnet', plainHttp: true, port } };
    await using _first = await startListening(at, { tailnet: nodeAt('127.0.0.36') });
    await expect(
      startListening(at, { tailnet: nodeAt('127.0.0.37', '127.0.0.36') }),
    ).rejects.toThrow(/127\.0\.0\.36 port \d+: another program listens there/);
    expect(await isUp('127.0.0.37', port)).toBe(false);
  });
});

describe('a node that was renamed', () => {
  it('keeps its issuer, says so loudly, and is served under its new name', async () => {
    await using world = await startListening({ listen: { type: 'serve', plainHttp: true } });
    const { simulator, issuer } = world;
    expect(issuer).toBe('http://idp.tailnet.test');
    const { idp } = Object.fromEntries(simulator.tailnet.nodes);
    if (!idp) throw new Error('the tailnet has no idp');
    const nodes = new Map(simulator.tailnet.nodes).set('idp-1', { ...idp, name: 'idp-1' });
    nodes.delete('idp');

    simulator.replaceTailnet({ ...simulator.tailnet, self: 'idp-1', nodes });

    await until('it is told', () => world.logged().includes('was renamed from idp.tailnet.test'));
    await until('it is served', () => {
      return simulator.state.serveConfig.includes('idp-1.tailnet.test:80');
    });
    const { url } = attempt(issuer, 'grafana');
    const socket = await dial({ path: join(world.stateDirectory, 'serve', 'serve.sock') });
    const fields = handedOn('member', 'idp-1.tailnet.test', []);
    const answer = await send(socket, { path: url.pathname + url.search, fields });
    expect(answer.parameters['iss']).toBe(issuer);
  });

  it('or re-tagged is told, too', async () => {
    await using world = await startListening({ listen: { type: 'serve', plainHttp: true } });
    world.simulator.setNode('idp', { tags: ['tag:other'] });
    await until('it is told', () => {
      return world.logged().includes('were \\"tag:idp\\" and are \\"tag:other\\" now');
    });
  });
});

describe('with no listener configured', () => {
  it('a tailscaled without TUN serves, and one line says so', async () => {
    await using world = await startListening(
      {},
      {
        prepare: (simulator) => simulator.setStatus({ certDomains: ['idp.tailnet.test'] }),
      },
    );
    expect(world.issuer).toBe('https://idp.tailnet.test');
    expect(world.simulator.state.serveConfig).toContain('"443":{"HTTPS":true}');
    expect(world.logged()).toContain('HTTPS behind tailscale serve, port 443, as tailscaled runs');
    expect(world.logged()).toContain(
      "the issuer is https://idp.tailnet.test, from this node's name",
    );
  });

  it('Funnel is asked for, and checked first', async () => {
    const listen = { funnel: true };
    const certDomains = ['idp.tailnet.test'];
    const attributes = ['https', 'funnel', 'https://tailscale.com/cap/funnel-ports?ports=443'];
    await expect(
      startListening(
        { listen },
        { prepare: (simulator) => simulator.setStatus({ tun: true, certDomains }) },
      ),
    ).rejects.toThrow(/enable them on the DNS page/);
    await using world = await startListening(
      { listen },
      { prepare: (simulator) => simulator.setStatus({ tun: true, certDomains, attributes }) },
    );
    expect(world.simulator.state.serveConfig).toContain(
      '"AllowFunnel":{"idp.tailnet.test:443":true}',
    );
  });

  it('no certificates and no word stop the start', async () => {
    await expect(startListening({})).rejects.toThrow(/no HTTPS certificates/);
  });
});

describe('a serve entry', () => {
  it('of another program stops the start with its remedy, and the socket is gone', async () => {
    await expect(
      startListening(
        { listen: { type: 'serve', plainHttp: true } },
        {
          prepare: ({ state }) => {
            state.serveConfig = '{"TCP":{"80":{"HTTP":true}}}';
          },
        },
      ),
    ).rejects.toThrow(/tailscale --socket=\S+ serve --http=80 off/);
  });

  it('T31 outlives an upgrade of tailscaled, and no login is lost', async () => {
    await using world = await startListening({ listen: { type: 'serve', plainHttp: true } });
    const { simulator, issuer } = world;
    const path = join(world.stateDirectory, 'serve', 'serve.sock');
    const begun = attempt(issuer, 'grafana');
    const fields = handedOn('member', 'idp.tailnet.test', []);
    const login = async () =>
      send(await dial({ path }), { path: begun.url.pathname + begun.url.search, fields });
    const { code = '' } = (await login()).parameters;

    await simulator.stop();
    expect((await login()).status).toBe(503);
    simulator.state.serveConfig = 'null';
    await simulator.restart();

    await until('it is served again', () => simulator.state.serveConfig.includes('serve.sock'));
    const redeemed = await until('tailscaled is asked again', async () => {
      const form = {
        grant_type: 'authorization_code',
        code,
        code_verifier: begun.verifier,
        redirect_uri: begun.parameters['redirect_uri'] ?? '',
        client_id: 'grafana',
        client_secret: 'grafana-secret-that-is-long-enough-0',
      };
      const answer = await send(await dial({ path }), { path: '/token', fields, form });
      return answer.status === 503 ? undefined : answer;
    });
    expect(redeemed.status, redeemed.body).toBe(200);
  });
});
