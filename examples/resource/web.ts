import { createResource } from '../../src/resource/resource.ts';

const resource = createResource({
  issuer: 'https://idp.tail1234.ts.net',
  resource: 'https://notes.tail1234.ts.net/api',
  scopes: ['notes:read'],
});

export default {
  async fetch(request: Request): Promise<Response> {
    const document = resource.web.metadata(request);
    if (document) return document;
    const access = await resource.web.protect(request, { scopes: ['notes:read'] });
    if (access instanceof Response) return access;
    return Response.json({ subject: access.subject });
  },
};
