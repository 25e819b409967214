import { request } from 'node:http';
import { stringify } from 'node:querystring';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
  /** Absolute, of the `Location` header. */
  readonly location: URL | undefined;
}

interface RequestOptions {
  readonly method?: string;
  readonly form?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}

/** A person's browser without scripts: one source address, one cookie jar. Follows no redirect by itself. */
export class Browser {
  readonly address: string;
  /** Name → value and path, for the one host that tests talk to. */
  readonly jar = new Map<string, { value: string; path: string }>();

  constructor(address = '127.0.0.1') {
    this.address = address;
  }

  async open(url: string | URL, options: RequestOptions = {}): Promise<Answer> {
    const target = new URL(url);
    const body = options.form ? stringify(options.form) : options.body;
    const cookie = this.#cookies(target.pathname);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = request(
      target,
      {
        localAddress: this.address,
        agent: false,
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          ...(cookie ? { cookie } : {}),
          ...(options.form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
          ...options.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          this.#store(response.headers['set-cookie'] ?? []);
          const { location } = response.headers;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
            location: location === undefined ? undefined : new URL(location, target),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }

  /** Follows redirects while they stay on this origin; the answer that leads elsewhere or nowhere. */
  async follow(url: string | URL, options: RequestOptions = {}): Promise<Answer> {
    let answer = await this.open(url, options);
    for (let hops = 0; hops < 10; hops += 1) {
      if (!answer.location || answer.location.origin !== new URL(url).origin) return answer;
      answer = await this.open(answer.location);
    }
    throw new Error('redirects without end');
  }

  #cookies(path: string): string {
    return [...this.jar]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, cookie]) => `${name}=${cookie.value}`)
      .join('; ');
  }

  #store(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const path = attributes.find((text) => text.startsWith('path='))?.slice(5) ?? '/';
      const gone = attributes.some((text) => text === 'expires=Thu, 01 Jan 1970 00:00:00 GMT');
      if (gone) this.jar.delete(name);
      else this.jar.set(name, { value, path });
    }
  }
}
