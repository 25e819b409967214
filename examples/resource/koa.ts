import Koa from 'koa';
import { createResource } from '../../src/resource/resource.ts';

const resource = createResource({
  issuer: 'https://idp.tail1234.ts.net',
  resource: 'https://notes.tail1234.ts.net/api',
  scopes: ['notes:read', 'notes:write'],
});

export const app = new Koa();
app.use(resource.koa.metadata);
app.use(resource.koa.protect({ scopes: ['notes:read'] }));
app.use((ctx) => {
  const access = resource.accessOf(ctx.req);
  if (ctx.method !== 'GET') resource.requireScopes(access, ['notes:write']);
  ctx.body = { subject: access.subject, actors: access.actors.map(({ subject }) => subject) };
});
