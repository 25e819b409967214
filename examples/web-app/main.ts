import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startApp } from './app.ts';

// CLIENT_SECRET=… node examples/web-app/main.ts --issuer https://idp.example.ts.net --client-id demo
// The secret comes by environment: arguments can be read by every user of the machine.

const { values } = parseArgs({
  options: {
    issuer: { type: 'string' },
    'client-id': { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '4401' },
  },
});
const { issuer, host, port, 'client-id': clientId } = values;
const clientSecret = process.env['CLIENT_SECRET'];
if (!issuer || !clientId || !clientSecret) {
  console.error('usage: CLIENT_SECRET=… node examples/web-app/main.ts --issuer URL --client-id ID');
  process.exitCode = 2;
} else {
  const app = await startApp({ issuer, clientId, clientSecret, host, port: Number(port) });
  console.log(`${app.url} (redirect URI ${app.url}/callback)\nready`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await app.close();
}
