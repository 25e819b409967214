/** Listeners, each with one way to know the peer (`identify.ts`) and the routes that it exposes (below). */
export type ListenerKind = 'tailnet' | 'demo';

/** `page`: a person's browser comes here, and errors are pages. `api`: a program, and errors are JSON. */
export type RouteKind = 'page' | 'api' | 'metadata' | 'health';

export interface Route {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'OPTIONS')[];
  readonly kind: RouteKind;
  readonly listeners: readonly ListenerKind[];
  /**
   * The connection itself is the credential here, so a web page of another origin must not borrow it: all nodes
   * under one tailnet name are same-site to each other, and only `same-origin` counts (T33).
   */
  readonly sameOriginOnly?: true;
}

const everywhere = ['tailnet', 'demo'] as const;
const cors = ['GET', 'POST', 'OPTIONS'] as const;

/** All that can be reached, as one table; what is not in it is a 404. A path ends in `/*` for one more segment. */
export const exposure: readonly Route[] = [
  { path: '/', methods: ['GET'], kind: 'page', listeners: everywhere },
  { path: '/authorize', methods: ['GET', 'POST'], kind: 'page', listeners: everywhere },
  { path: '/authorize/*', methods: ['GET'], kind: 'page', listeners: everywhere },
  {
    path: '/interaction/*',
    methods: ['GET', 'POST'],
    kind: 'page',
    listeners: everywhere,
    sameOriginOnly: true,
  },
  { path: '/logout', methods: ['GET', 'POST'], kind: 'page', listeners: everywhere },
  {
    path: '/logout/confirm',
    methods: ['POST'],
    kind: 'page',
    listeners: everywhere,
    sameOriginOnly: true,
  },
  { path: '/logout/success', methods: ['GET'], kind: 'page', listeners: everywhere },
  { path: '/token', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: everywhere },
  { path: '/userinfo', methods: cors, kind: 'api', listeners: everywhere },
  { path: '/introspect', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: everywhere },
  { path: '/revoke', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: everywhere },
  { path: '/request', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: everywhere },
  ...[
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
  ].map(
    (path): Route => ({
      path,
      methods: ['GET', 'OPTIONS'],
      kind: 'metadata',
      listeners: everywhere,
    }),
  ),
  { path: '/healthz', methods: ['GET'], kind: 'health', listeners: everywhere },
  { path: '/readyz', methods: ['GET'], kind: 'health', listeners: everywhere },
];

export type Exposed =
  | { readonly route: Route }
  /** 404, or 405 with the methods that would do. */
  | { readonly route: undefined; readonly allow: readonly string[] | undefined };

/** The route of a request on a listener. Paths are compared exactly: no other case, no extra slash. */
export function findRoute(listener: ListenerKind, method: string, path: string): Exposed {
  const route = byPath.get(path) ?? byPath.get(path.replace(/[^/]+$/, '*'));
  if (!route?.listeners.includes(listener)) return { route: undefined, allow: undefined };
  const asked = method === 'HEAD' ? 'GET' : method;
  if (route.methods.some((allowed) => allowed === asked)) return { route };
  const allow = route.methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
  return { route: undefined, allow };
}

const byPath: ReadonlyMap<string, Route> = new Map(exposure.map((route) => [route.path, route]));
