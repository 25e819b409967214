import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from '../world/until.ts';

export interface Arrival {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Of the query, or of the form that was posted. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

export interface AppSite {
  /** Another port of the daemon's own address: same-site to it, as all nodes under one tailnet name are. */
  readonly origin: string;
  /** The same server under another name: cross-site. */
  readonly crossSiteOrigin: string;
  /** What a path answers from now on; every other one answers a page titled with its path. */
  answer(path: string, answer: { readonly html: string } | { readonly redirect: string }): void;
  /** The arrivals at a path with this `state`. */
  arrivedWith(path: string, state: string): readonly Arrival[];
  /** The first of them, when it has come. */
  arrival(path: string, state: string): Promise<Arrival>;
  close(): Promise<void>;
}

/** An app's server, or anybody else's, on a port of this machine: shows pages and keeps what reaches it. */
export async function startAppSite(): Promise<AppSite> {
  const arrivals: Arrival[] = [];
  const answers = new Map<string, { readonly html: string } | { readonly redirect: string }>();
  const server = createServer((request, response) => {
    void read(request).then((arrival) => {
      arrivals.push(arrival);
      const { path } = arrival;
      const chosen = answers.get(path) ?? { html: `<title>${path}</title>` };
      if ('redirect' in chosen) response.writeHead(303, { Location: chosen.redirect }).end();
      else response.setHeader('Content-Type', 'text/html').end(chosen.html);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const arrivedWith = (path: string, state: string): readonly Arrival[] =>
    arrivals.filter((one) => one.path === path && one.parameters['state'] === state);
  return {
    origin: `http://127.0.0.1:${port}`,
    crossSiteOrigin: `http://localhost:${port}`,
    answer: (path, answer) => void answers.set(path, answer),
    arrivedWith,
    arrival: (path, state) => until(`arrival at ${path}`, () => arrivedWith(path, state)[0]),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<Arrival> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app.test');
  const { method = 'GET', headers } = request;
  const parameters = method === 'POST' ? new URLSearchParams(await text(request)) : searchParams;
  return { method, path: pathname, parameters: Object.fromEntries(parameters), headers };
}
