import { describe, expect, it } from 'vitest';
import { load, problemsOf } from './load.ts';

const back = { type: 'backchannel', address: '0.0.0.0', port: 8080, baseUrl: 'http://tsidp:8080' };

describe('listeners', () => {
  it.each([
    ['auto, unnamed', {}, { type: 'auto', port: 443, plainHttp: false, funnel: false }],
    ['auto, Funnel', { funnel: true }, { type: 'auto', port: 443, funnel: true }],
    ['serve', { type: 'serve' }, { type: 'serve', port: 443, plainHttp: false, funnel: false }],
    ['serve, plain', { type: 'serve', plainHttp: true }, { type: 'serve', port: 80 }],
    [
      'Funnel on another port',
      { type: 'serve', funnel: true, port: 8443 },
      { type: 'serve', port: 8443, funnel: true },
    ],
    [
      'userspace',
      { type: 'userspace', certificateFile: 'c.pem', keyFile: 'k.pem' },
      { type: 'userspace', port: 443, certificateFile: '/etc/c.pem', keyFile: '/etc/k.pem' },
    ],
    ['tailnet', { type: 'tailnet' }, { type: 'tailnet', port: 443, addresses: undefined }],
  ])('%s: one, with its defaults', (_, listen, expected) => {
    expect(load({ listen }).listen).toEqual([expect.objectContaining(expected)]);
  });

  it('may be several; then the port of the issuer is of none of them', () => {
    const listen = [
      { type: 'tailnet' },
      { type: 'serve', funnel: true, port: 8443 },
      back,
      { ...back, port: 8081, certificateFile: 'c.pem', keyFile: 'k.pem' },
    ];
    expect(load({ issuer: 'https://idp.example:9443', listen }).listen).toMatchObject([
      { type: 'tailnet', port: 443 },
      { type: 'serve', port: 8443 },
      { type: 'backchannel', port: 8080, certificateFile: undefined },
      { type: 'backchannel', port: 8081, certificateFile: '/etc/c.pem' },
    ]);
    expect(load({ issuer: 'https://idp.example:9443', listen: [back, {}] }).listen).toMatchObject([
      back,
      { type: 'auto', port: 9443 },
    ]);
  });

  it.each([
    ['nobody can reach', [back], /:2: listen: a list must have a listener that people can reach/],
    [
      'stand twice',
      [{ type: 'serve' }, { type: 'serve' }],
      /listen\[1\]\.type: "serve" must not be listed twice/,
    ],
    [
      'auto beside another',
      [{ type: 'serve' }, { type: 'auto' }],
      /listen\[1\]\.type: "auto" must be the only listener/,
    ],
    [
      'the demo beside another',
      [{ type: 'demo' }, { type: 'tailnet' }],
      /listen\[0\]\.type: "demo" must be the only listener/,
    ],
    ['none', [], /listen: an empty list must be a list of 1 to 8 listeners/],
    [
      'at one port that tailscaled takes',
      [{ type: 'tailnet' }, { type: 'serve', funnel: true }],
      /listen\[0\]\.port: .*is the serve listener's/,
    ],
    [
      'Funnel on a port of its own',
      { funnel: true, port: 8080 },
      /listen\.port: 8080 must be one of Funnel's ports: 443, 8443, 10000/,
    ],
    [
      'Funnel in plain HTTP',
      { type: 'serve', funnel: true, plainHttp: true },
      /Funnel is HTTPS only/,
    ],
    [
      'Funnel with a certificate',
      { funnel: true, certificateFile: 'c', keyFile: 'k' },
      /Funnel uses the node's certificate/,
    ],
    [
      'Funnel on the node',
      [{ type: 'tailnet', funnel: true }],
      /listen\[0\]\.funnel: is no member here/,
    ],
    ['a wrong port in a list', [{ port: 0 }], /listen\[0\]\.port: 0 must be a whole number from 1/],
    [
      'a base URL with a path',
      [{}, { ...back, baseUrl: 'http://tsidp:8080/x' }],
      /listen\[1\]\.baseUrl: .* write "http:\/\/tsidp:8080"/,
    ],
    [
      'a backchannel without an address',
      [{}, { ...back, address: 'tsidp' }],
      /must be an IP address/,
    ],
    ['a kind alone', 'serve', /listen: text must be an object: write \{ "type": "serve" \}$/],
    ['text', 'tailnett', /listen: text must be an object such as \{ "type": "auto" \}$/],
    [
      'a kind in a list',
      ['serve'],
      /listen\[0\]: text must be an object: write \{ "type": "serve" \}$/,
    ],
  ])('that are wrong are told: %s', (_, listen, problem) => {
    expect(problemsOf({ listen })).toEqual([expect.stringMatching(problem)]);
  });

  it('in a list take no flag or variable meant for one', () => {
    const given = { argv: ['--port', '9', '--plain-http'], env: {} };
    expect(problemsOf({ listen: [{}] }, given)).toEqual([
      expect.stringMatching(/^--port: .*must be written into one of the listeners/),
      expect.stringMatching(/^--plain-http: .*must be written into one of the listeners/),
    ]);
  });

  it('in a list have the scheme of the first one that people reach', () => {
    const listen = [back, { type: 'serve', plainHttp: true }];
    expect(problemsOf({ issuer: 'http://idp.example', listen })).toEqual([]);
    expect(problemsOf({ issuer: 'https://idp.example', listen })).toEqual([
      expect.stringMatching(/must begin with "http:\/\/"/),
    ]);
  });
});
