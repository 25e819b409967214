import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface VisitorOptions {
  /** Source address of every connection. */
  readonly localAddress?: string;
  /** `application/json` by default. */
  readonly accept?: string;
}

/** A browser without a screen: follows redirects, keeps cookies by host name (they know no port). */
export class Visitor {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #options: VisitorOptions;

  constructor(options: VisitorOptions = {}) {
    this.#options = options;
  }

  /** Every step of the way. */
  async visit(url: string, headers: Record<string, string> = {}): Promise<Page[]> {
    const pages: Page[] = [];
    let next: string | undefined = url;
    while (next !== undefined) {
      if (pages.length === 20) throw new Error(`redirected in circles at ${next}`);
      const page: Page = await this.get(next, headers);
      pages.push(page);
      const { location } = page.headers;
      next = location === undefined ? undefined : new URL(location, next).href;
    }
    return pages;
  }

  /** The page at the end of the way. */
  async arrive(url: string): Promise<Page> {
    return (await this.visit(url)).at(-1)!;
  }

  async get(url: string, headers: Record<string, string> = {}): Promise<Page> {
    const { hostname } = new URL(url);
    const jar = this.#cookies.get(hostname) ?? new Map<string, string>();
    this.#cookies.set(hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const { localAddress, accept = 'application/json' } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request(url, {
      ...(localAddress === undefined ? {} : { localAddress }),
      agent: false,
      headers: { accept, ...(cookie ? { cookie } : {}), ...headers },
    })
      .on('response', resolve)
      .on('error', reject)
      .end();
    const response = await promise;
    for (const line of response.headers['set-cookie'] ?? []) keep(jar, line);
    const body = await text(response);
    return { url, status: response.statusCode ?? 0, headers: response.headers, body };
  }
}

function keep(jar: Map<string, string>, line: string): void {
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
  const expires = /;\s*expires=([^;]+)/i.exec(line)?.[1];
  if (value === '' || (expires !== undefined && Date.parse(expires) < Date.now())) jar.delete(name);
  else jar.set(name, value);
}
