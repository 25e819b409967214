import type { Agent, IncomingHttpHeaders, OutgoingHttpHeaders, RequestOptions } from 'node:http';
import type { Client } from './processes.ts';
import type { Way } from './way.ts';

export interface DriveOptions {
  readonly way: Way;
  readonly client: Client;
  readonly connections: number;
  readonly visit: 'returning' | 'first';
  readonly logins: number;
  /** Ends the run, which then fails. */
  readonly signal: AbortSignal;
}

export interface Driven {
  readonly durationMs: number;
  /** One a login, from the sending of `/authorize` to the last byte of `/userinfo`. */
  readonly latenciesMs: readonly number[];
}

/**
 * Whole logins of a confidential client, each: `/authorize` (303 with a code), `/token` with client_secret_basic,
 * `/userinfo`. Every answer is checked.
 * @throws Error at the first answer that is not a login's
 */
export async function drive(options: DriveOptions): Promise<Driven> {
  const latenciesMs: number[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    using visitor = new Visitor(options);
    while (begun < options.logins) {
      begun += 1;
      const startMs = performance.now();
      await visitor.login();
      latenciesMs.push(performance.now() - startMs);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: options.connections }, worker));
  return { durationMs: performance.now() - startMs, latenciesMs };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Sent {
  readonly agent?: false;
  readonly headers?: OutgoingHttpHeaders;
  readonly form?: string;
}

/** One browser and the app's server behind it, on one kept connection. */
class Visitor {
  readonly #options: DriveOptions;
  readonly #agent: Agent;
  readonly #cookies = new Map<string, string>();
  readonly #authorize: string;
  readonly #basic: string;
  #count = 0;

  constructor(options: DriveOptions) {
    this.#options = options;
    this.#agent = options.way.createAgent();
    const { client } = options;
    this.#authorize = `/authorize?${new URLSearchParams({
      client_id: client.id,
      response_type: 'code',
      redirect_uri: client.redirectUri,
      scope: 'openid profile email',
    })}`;
    const credentials = Buffer.from(`${client.id}:${client.secret}`).toString('base64');
    this.#basic = `Basic ${credentials}`;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async login(): Promise<void> {
    this.#count += 1;
    const code = await this.#code(`state-${this.#count}`);
    const accessToken = await this.#redeem(code);
    const { body } = await this.#send('/userinfo', 200, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    member(body, 'email');
  }

  async #code(state: string): Promise<string> {
    const first = this.#options.visit === 'first';
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const { headers } = await this.#send(`${this.#authorize}&state=${state}&nonce=${state}`, 303, {
      ...(first ? { agent: false } : {}),
      headers: cookie === '' ? {} : { cookie },
    });
    if (!first) this.#keepCookies(headers['set-cookie'] ?? []);
    const answer = new URL(headers.location ?? '').searchParams;
    const code = answer.get('code');
    if (code === null || answer.get('state') !== state) {
      throw new Error(`no code in ${headers.location}`);
    }
    return code;
  }

  async #redeem(code: string): Promise<string> {
    const { client } = this.#options;
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: client.redirectUri,
    });
    const { body } = await this.#send('/token', 200, {
      headers: {
        authorization: this.#basic,
        'content-type': 'application/x-www-form-urlencoded',
      },
      form: form.toString(),
    });
    member(body, 'refresh_token');
    const [header = ''] = member(body, 'id_token').split('.');
    const algorithm = member(Buffer.from(header, 'base64url').toString(), 'alg');
    if (algorithm !== client.algorithm) throw new Error(`the ID token is signed by ${algorithm}`);
    return member(body, 'access_token');
  }

  #keepCookies(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`no cookie: ${line}`);
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  async #send(path: string, expected: number, { agent, headers, form }: Sent): Promise<Answer> {
    const { way, signal } = this.#options;
    const answer = await exchange(
      way,
      {
        ...way.options,
        path,
        agent: agent ?? this.#agent,
        signal,
        method: form === undefined ? 'GET' : 'POST',
        headers: {
          ...way.headers,
          ...headers,
          ...(form === undefined ? {} : { 'content-length': Buffer.byteLength(form) }),
        },
      },
      form,
    );
    if (answer.status !== expected) {
      throw new Error(`${path} answered ${answer.status}: ${answer.body.slice(0, 500)}`);
    }
    return answer;
  }
}

function exchange(
  { request }: Way,
  options: RequestOptions,
  body: string | undefined,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(options, (response) => {
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('error', reject);
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

function member(json: string, name: string): string {
  const value: unknown = JSON.parse(json)[name];
  if (typeof value !== 'string') throw new Error(`no ${name} in ${json}`);
  return value;
}
