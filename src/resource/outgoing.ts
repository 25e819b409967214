import { isObject } from './access.ts';

export interface Outgoing {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}

/** Key sets, metadata and introspection answers are a few KiB. */
const maxBytes = 262_144;

/**
 * Asks the issuer, who answers with a JSON object: bounded in time and size, redirects are errors.
 * @throws Error that names the address and what was wrong with the answer
 */
export async function askJson(
  url: string,
  { fetch: send, timeoutMs }: Outgoing,
  request: RequestInit = {},
): Promise<Readonly<Record<string, unknown>>> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const headers = { Accept: 'application/json', ...request.headers };
    const response = await send(url, { ...request, headers, redirect: 'error', signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`it answered ${response.status}`);
    }
    const answer: unknown = JSON.parse(await readText(response));
    if (!isObject(answer)) throw new Error('its answer is not a JSON object');
    return answer;
  } catch (cause) {
    throw new Error(`${url}: ${(cause as Error).message}`, { cause });
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  let text = '';
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`its answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
