import { describe, expect, test } from 'vitest';
import { nodeFindings } from '../../src/doctor/node.ts';
import { tailscaleCli } from '../../src/peer/socket.ts';
import { type NodeStatus, parseStatus } from '../../src/peer/status.ts';
import { recorded } from '../peer/recorded.ts';

const running: NodeStatus = parseStatus(recorded('status-running-tun').body);
const states = ['NeedsLogin', 'NeedsMachineAuth', 'Stopped', 'Starting', 'NoState', 'Other'];
/** Everything that a remedy may be for. */
const statuses: NodeStatus[] = [
  ...states.map((backendState) => ({ ...running, backendState })),
  { ...running, tags: [], online: false, version: '1.60.0', health: ['no DERP home'] },
];
const remediesOf = (cli: string, isManaged: boolean) =>
  statuses
    .flatMap((status) => nodeFindings(status, { cli, isManaged }))
    .flatMap((finding) => ('remedy' in finding ? [finding.remedy] : []));

describe('remedies name the tailscaled that the daemon asks', () => {
  test.each([
    ['/var/run/tailscale/tailscaled.sock', 'tailscale'],
    ['/var/run/tailscaled.socket', 'tailscale'],
    ['/srv/ts/sock', 'tailscale --socket=/srv/ts/sock'],
    ['/srv/my ts/sock', "tailscale --socket='/srv/my ts/sock'"],
  ])('with the socket %s: %s', (socket, cli) => {
    expect(tailscaleCli(socket)).toBe(cli);
  });

  test.each([false, true])(
    'wherever they name the command line tool (managed: %s)',
    (isManaged) => {
      const remedies = remediesOf('tailscale --socket=/srv/ts/sock', isManaged);
      expect(remedies.length).toBeGreaterThan(8);
      for (const remedy of remedies) {
        expect(remedy.replaceAll('tailscale --socket=/srv/ts/sock ', '')).not.toMatch(
          /"tailscale\b/u,
        );
      }
    },
  );

  test('a node of the daemon is never brought up, logged in or tagged beside the daemon', () => {
    const remedies = remediesOf('tailscale --socket=/state/tailscaled.sock', true);
    expect(remedies.join('\n')).not.toMatch(/tailscale\S* (--socket=\S+ )?up\b/u);
    const [login] = nodeFindings(
      { ...running, backendState: 'NeedsLogin' },
      { cli: 'tailscale', isManaged: true },
    ).filter(({ level }) => level === 'problem');
    expect(login).toMatchObject({
      remedy: expect.stringMatching(/URL that the log .* TS_AUTHKEY/u),
    });
  });
});
