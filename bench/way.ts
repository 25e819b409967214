import { Agent as PlainAgent, request as plainRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { join } from 'node:path';
import { createAuthority, issue } from '../test/http/certificates.ts';

/** `demo`: plain HTTP on loopback. `tailnet`: TLS. `serve`: the Unix socket behind tailscaled, which is not measured. */
export const listenerKinds = ['demo', 'tailnet', 'serve'] as const;
export type ListenerKind = (typeof listenerKinds)[number];

/** How requests reach one listener of the daemon. */
export interface Way {
  readonly issuer: string;
  /** The configuration's `listen`. */
  readonly listen: object;
  /** To be written beside the configuration. */
  readonly files: Readonly<Record<string, string>>;
  readonly options: RequestOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly request: typeof plainRequest;
  readonly createAgent: () => PlainAgent;
}

const host = '127.0.0.1';
const name = 'idp.tailnet.test';
const kept = { keepAlive: true, maxSockets: 1 };
const plain = { files: {}, request: plainRequest, createAgent: () => new PlainAgent(kept) };

export function wayTo(kind: ListenerKind, port: number, stateDirectory: string): Way {
  if (kind === 'demo') {
    return {
      ...plain,
      issuer: `http://${host}:${port}`,
      listen: { type: 'demo', hosts: [host], port },
      options: { host, port },
      headers: { host: `${host}:${port}` },
    };
  }
  if (kind === 'serve') {
    return {
      ...plain,
      issuer: `http://${name}`,
      listen: { type: 'serve', plainHttp: true },
      options: { socketPath: join(stateDirectory, 'serve', 'serve.sock') },
      // as tailscaled hands on a request of the demo's alice
      headers: {
        host: 'localhost',
        'x-forwarded-for': '100.64.0.3',
        'x-forwarded-host': name,
        'tailscale-headers-info': 'https://tailscale.com/s/serve-headers',
        'tailscale-user-login': 'alice@example.com',
        'tailscale-user-name': '=?utf-8?q?Alice_=C3=85ngstr=C3=B6m?=',
      },
    };
  }
  const authority = createAuthority();
  const { cert, key } = issue(authority, { names: [name] });
  const files = { 'certificate.pem': cert, 'key.pem': key };
  const certificateFiles = { certificateFile: 'certificate.pem', keyFile: 'key.pem' };
  return {
    issuer: `https://${name}:${port}`,
    listen: { type: 'tailnet', addresses: [host], port, ...certificateFiles },
    files,
    options: { host, port, servername: name, ca: authority.cert } as RequestOptions,
    headers: { host: `${name}:${port}` },
    request: tlsRequest,
    createAgent: () => new TlsAgent(kept),
  };
}
