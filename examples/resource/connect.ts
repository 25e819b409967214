import { createServer } from 'node:http';
import { createResource } from '../../src/resource/resource.ts';

const resource = createResource({
  issuer: 'https://idp.tail1234.ts.net',
  resource: 'https://notes.tail1234.ts.net/api',
  scopes: ['notes:read'],
  // this machine is a node of the tailnet: it asks about tokens without a secret, and sees a revocation at once
  introspection: { credentials: 'peer', always: true },
  onRefusal: ({ code, message, cause }) => console.warn(code, message, cause ?? ''),
});
const { metadata, protect } = resource.connect;
const reading = protect({ scopes: ['notes:read'] });

// with Express: app.use(metadata); app.get('/api', reading, handler)
export const server = createServer((request, response) => {
  metadata(request, response, () => {
    reading(request, response, (error) => {
      if (error) response.writeHead(500).end();
      else response.end(`Hello, ${resource.accessOf(request).subject}`);
    });
  });
});
