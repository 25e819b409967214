import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { LocalApi } from '../../src/peer/local-api.ts';
import { fakeTimers } from './fake-timers.ts';
import { recorded, recordedNames } from './recorded.ts';
import { replay, socketDirectory, Tailscaled } from './tailscaled.ts';

const path = '/localapi/v0/status?peers=false';
const ok = replay({ path, status: 200, contentType: 'application/json', body: '{}' });

describe('get', () => {
  test.each(recordedNames)('%s comes through unchanged', async (name) => {
    await using directory = await socketDirectory();
    const exchange = recorded(name);
    await using tailscaled = await Tailscaled.listen(directory.socket, replay(exchange));
    const api = new LocalApi({ socket: directory.socket });
    const answer = await api.get(exchange.path);
    expect(answer.status).toBe(exchange.status);
    expect(answer.text).toBe(exchange.body);
    expect(answer.headers['content-type']).toBe(exchange.contentType);
    expect(tailscaled.asked).toEqual([exchange.path]);
    api.close();
  });

  test('the Host that tailscaled wants, and no Origin or Referer', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket });
    const [[request]] = await Promise.all([once(tailscaled, 'request'), api.get(path)]);
    expect(request.method).toBe('GET');
    expect(request.headers).toEqual({ host: 'local-tailscaled.sock', connection: 'keep-alive' });
    api.close();
  });

  test('the macOS app: loopback, Basic with an empty user, the same Host', async () => {
    await using tailscaled = await Tailscaled.listen(0, ok);
    const api = new LocalApi({ port: tailscaled.port, token: 's3cret' });
    const [[request]] = await Promise.all([once(tailscaled, 'request'), api.get(path)]);
    expect(request.headers.host).toBe('local-tailscaled.sock');
    expect(request.headers.authorization).toBe(`Basic ${btoa(':s3cret')}`);
    api.close();
  });

  test('one connection serves many requests', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket });
    for (let count = 0; count < 5; count += 1) await api.get(path);
    expect(tailscaled.asked).toHaveLength(5);
    expect(tailscaled.connections).toHaveLength(1);
    api.close();
  });

  test('parallel requests get their own answers', async () => {
    await using directory = await socketDirectory();
    await using _tailscaled = await Tailscaled.listen(directory.socket, (request, response) =>
      response.end(request.url),
    );
    const api = new LocalApi({ socket: directory.socket });
    const paths = Array.from({ length: 200 }, (_, count) => `/localapi/v0/whois?addr=${count}`);
    const answers = await Promise.all(paths.map((each) => api.get(each)));
    expect(answers.map(({ text }) => text)).toEqual(paths);
    api.close();
  });
});

describe('T31 a connection that tailscaled closed meanwhile', () => {
  test('as the next request arrives, is replaced unseen', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket });
    await api.get(path);
    const [idle] = tailscaled.connections;
    tailscaled.answer = (request, response) =>
      request.socket === idle ? idle?.destroy() : ok(request, response);
    expect((await api.get(path)).status).toBe(200);
    expect(tailscaled.asked).toHaveLength(3);
    expect(tailscaled.connections).toHaveLength(2);
    api.close();
  });

  test('while idle, is replaced unseen', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket });
    await api.get(path);
    tailscaled.connections[0]?.destroy();
    expect((await api.get(path)).status).toBe(200);
    expect(tailscaled.connections).toHaveLength(2);
    api.close();
  });

  test('is tried anew once, not for ever', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket });
    await api.get(path);
    tailscaled.answer = (request) => request.socket.destroy();
    await expect(api.get(path)).rejects.toMatchObject({ code: 'closed' });
    expect(tailscaled.asked).toHaveLength(3);
    api.close();
  });

  test('a fresh one that is closed is not tried again', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, (request) =>
      request.socket.destroy(),
    );
    const api = new LocalApi({ socket: directory.socket });
    await expect(api.get(path)).rejects.toMatchObject({ code: 'closed' });
    expect(tailscaled.asked).toHaveLength(1);
    api.close();
  });

  test('one that breaks inside an answer is not tried again', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket });
    await api.get(path);
    tailscaled.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Length': 2000 });
      response.write('{"Node":{', () => response.destroy());
    };
    await expect(api.get(path)).rejects.toMatchObject({ code: 'closed' });
    expect(tailscaled.asked).toHaveLength(2);
    api.close();
  });

  test('both attempts share one time limit', async () => {
    await using directory = await socketDirectory();
    await using tailscaled = await Tailscaled.listen(directory.socket, ok);
    const api = new LocalApi({ socket: directory.socket, timeoutMs: 600 });
    using timers = fakeTimers();
    await api.get(path);
    tailscaled.answer = () => undefined;
    const outcome = expect(api.get(path)).rejects.toMatchObject({ code: 'timeout' });
    const [first] = await once(tailscaled, 'request');
    timers.pass(500);
    first.socket.destroy();
    await once(tailscaled, 'request');
    timers.pass(100);
    await outcome;
    expect(tailscaled.asked).toHaveLength(3);
    api.close();
  });
});

test('T31 closing ends the questions that a hung tailscaled never answers', async () => {
  await using directory = await socketDirectory();
  await using tailscaled = await Tailscaled.listen(directory.socket, () => undefined);
  const api = new LocalApi({ socket: directory.socket });
  const settled = Promise.allSettled([api.get(path), api.change('POST', path)]);
  while (tailscaled.asked.length < 2) await once(tailscaled, 'request');
  api.close();
  for (const outcome of await settled) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
  }
  await expect(api.get(path)).rejects.toMatchObject({ code: 'closed' });
  expect(tailscaled.asked).toHaveLength(2);
});
