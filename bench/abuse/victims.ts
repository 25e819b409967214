import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Bench } from '../processes.ts';
import { allowApp } from './consent.ts';
import { openSites } from './document-host.ts';
import { personAt, personCount, wayOf } from './people.ts';
import {
  type App,
  loginVisit,
  newDocumentVisit,
  redeem,
  requestTokens,
  type Visit,
  type VisitKind,
} from './victim.ts';

export interface Victims extends AsyncDisposable {
  /** Of their clients' documents. */
  readonly sitePorts: readonly number[];
  /** Makes ready what they have before all begins. */
  settle(bench: Bench): Promise<Settled>;
}

export interface Settled {
  readonly visit: Visit;
  /** What must still work after an attack although nobody used it meanwhile: why it does not. */
  afterwards(): Promise<string[]>;
}

const redirectUri = 'https://agent.test/callback';
/** A host is asked two things at once; those who bring clients from as many hosts don't wait for each other. */
const hosts = 20;
const bringEvery = 5;

export async function startVictims(kind: VisitKind): Promise<Victims> {
  const sitePorts = await freePorts(kind === 'login' ? 0 : hosts);
  const sites = await openSites(sitePorts, 0);
  const appAt = (path: string, host = 0): App => ({
    id: `http://127.0.0.1:${sitePorts[host]}/${path}`,
    redirectUri,
  });
  return {
    sitePorts,
    async settle({ way, client }) {
      const secret = client.secret;
      const confidential = { id: client.id, redirectUri: client.redirectUri, secret };
      const nothing = async () => [];
      if (kind === 'login') return { visit: loginVisit(way, confidential), afterwards: nothing };
      if (kind === 'new-document') {
        const login = loginVisit(way, confidential);
        const bring = newDocumentVisit(way, (count) => appAt(`new-${count}`, count % hosts));
        const visit: Visit = (index, signal) =>
          index % bringEvery === 0 ? bring(index / bringEvery, signal) : login(index, signal);
        return { visit, afterwards: nothing };
      }
      const used = appAt('used');
      for (let index = 0; index < personCount; index += 1) {
        await allow(way.issuer, used, index);
      }
      const kept = appAt('kept');
      const first = await redeem(
        wayOf(way, 0),
        kept,
        await allow(way.issuer, kept, 0),
        AbortSignal.timeout(10_000),
      );
      return {
        visit: loginVisit(way, used),
        async afterwards() {
          const form = {
            grant_type: 'refresh_token',
            refresh_token: String(first['refresh_token']),
          };
          return requestTokens(wayOf(way, 0), kept, form, AbortSignal.timeout(10_000)).then(
            () => [],
            (error: Error) => [`a client that was allowed before: ${error.message}`],
          );
        },
      };
    },
    [Symbol.asyncDispose]: () => sites[Symbol.asyncDispose](),
  };
}

async function allow(issuer: string, app: App, person: number): Promise<string> {
  const { status, code } = await allowApp(issuer, app, personAt(person).loopback);
  if (code === undefined) throw new Error(`${app.id} was not allowed: ${status}`);
  return code;
}

/** Ports of loopback that nobody uses now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  return Promise.all(
    servers.map(async (server) => {
      await once(server, 'listening');
      const address = server.address();
      if (typeof address !== 'object' || address === null) throw new Error('no port is free');
      server.close();
      await once(server, 'close');
      return address.port;
    }),
  );
}
