import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startMcpServer } from './server.ts';

// npm run demo:mcp, beside npm run demo; DEMO_PORT moves both. Elsewhere:
// node examples/mcp-server/main.ts --issuer https://idp.example.ts.net --url https://mcp.example.ts.net/mcp --port 8080

const demoPort = Number(process.env['DEMO_PORT'] || 4400);
const { values } = parseArgs({
  options: {
    issuer: { type: 'string', default: `http://127.0.0.1:${demoPort}` },
    url: { type: 'string', default: `http://127.0.0.1:${demoPort + 2}/mcp` },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: String(demoPort + 2) },
    folder: { type: 'string', default: join(import.meta.dirname, 'files') },
    'plain-http': { type: 'boolean', default: false },
  },
});
const { issuer, url, host, port, folder, 'plain-http': plainHttp } = values;

try {
  const server = await startMcpServer({
    issuer,
    url,
    host,
    port: Number(port),
    folder,
    plainHttp,
    log: (line) => console.log(line),
  });
  console.log(
    `MCP server ${url}, tokens from ${issuer}; each call of a tool is a line here.\nready`,
  );
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await server.close();
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const isTaken = code === 'EADDRINUSE';
  const why = isTaken
    ? `port ${port} of ${host} is taken by another program: end it, or choose another`
    : message;
  console.error(`mcp-server: ${why}`);
  process.exitCode = 1;
}
