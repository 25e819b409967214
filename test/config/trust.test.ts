import { describe, expect, it } from 'vitest';
import { load, problemsOf } from './load.ts';

const tailnet = (trustedProxies: unknown) => ({ listen: { type: 'tailnet', trustedProxies } });

describe('T34 trusted proxies', () => {
  it('are named by tag or StableID, and nobody is one by default', () => {
    expect(load({ listen: { type: 'tailnet' } }).listen).toMatchObject([{ trustedProxies: [] }]);
    const names = ['tag:login-proxy', 'nKpF3t2CNTRL', '12'];
    const { listen, warnings } = load(tailnet(names));
    expect(listen).toMatchObject([{ trustedProxies: names }]);
    expect(warnings).toEqual([
      'listen.trustedProxies: whoever controls tag:login-proxy, nKpF3t2CNTRL, 12 can log in as anybody; let nobody else get such a tag',
    ]);
  });

  it.each([
    ['an address', ['100.64.0.8'], /an address goes to another device once this one is gone/u],
    ['an IPv6 address', ['fd7a:115c:a1e0::8'], /an address goes to another device/u],
    ['a prefix', ['100.64.0.0/10'], /must be a tag such as "tag:proxy" or a StableID/u],
    ['a name', ['proxy.tailnet.test'], /must be a tag such as/u],
    ['a person', ['alice@example.com'], /must be a tag such as/u],
    ['everybody', ['*'], /must be a tag such as/u],
    ['an empty tag', ['tag:'], /must be a tag such as/u],
    ['one twice', ['tag:a', 'tag:a'], /\[1\]: "tag:a" is in the list twice/u],
    ['text', 'tag:a', /must be a list/u],
  ])('are refused as %s', (_, names, says) => {
    expect(problemsOf(tailnet(names))).toEqual([expect.stringMatching(says)]);
  });

  it.each(['auto', 'serve', 'userspace', 'demo', 'backchannel'])(
    'are for listeners of type tailnet alone: %s',
    (type) => {
      const more =
        type === 'backchannel' ? { address: '127.0.0.1', port: 1, baseUrl: 'http://a' } : {};
      const listen = [
        { type, ...more, trustedProxies: ['tag:a'] },
        ...(type === 'backchannel' ? [{}] : []),
      ];
      expect(problemsOf({ listen })).toEqual([
        expect.stringMatching(/trustedProxies: is no member here/u),
      ]);
    },
  );
});

describe('T35 allowSelf', () => {
  it('is off by default, and warned of', () => {
    expect(load({})).toMatchObject({ allowSelf: false, warnings: [] });
    expect(load({ allowSelf: true })).toMatchObject({
      allowSelf: true,
      warnings: [expect.stringMatching(/^allowSelf: every program and container on this machine/u)],
    });
    expect(problemsOf({ allowSelf: 'yes' })).toEqual([
      expect.stringMatching(/must be true or false/u),
    ]);
  });
});
