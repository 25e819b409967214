import type { RegistrationMode } from '../policy/decide-register.ts';
import type { ListenerKind, RouteKind } from './identify/entrance.ts';

export interface Route {
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS')[];
  readonly kind: RouteKind;
  readonly listeners: readonly ListenerKind[];
  /**
   * The connection itself is the credential here, so a web page of another origin must not borrow it: all nodes
   * under one tailnet name are same-site to each other, and only `same-origin` counts (T33).
   */
  readonly sameOriginOnly?: true;
  /** Only there where clients may register themselves; for Funnel only where everybody may. */
  readonly registration?: true;
}

/** Where people come, each from a device that the listener knows. */
const people = ['tailnet', 'serve', 'userspace', 'demo'] as const;
/** Also the servers of apps, who authenticate with their secrets, and need not be in the tailnet. */
const servers = [...people, 'funnel', 'backchannel'] as const;
const cors = ['GET', 'POST', 'OPTIONS'] as const;

/** All that can be reached, as one table; what is not in it is a 404. A path ends in `/*` for one more segment. */
export const exposure: readonly Route[] = [
  { path: '/', methods: ['GET'], kind: 'page', listeners: people },
  { path: '/authorize', methods: ['GET', 'POST'], kind: 'page', listeners: people },
  { path: '/authorize/*', methods: ['GET'], kind: 'page', listeners: people },
  {
    path: '/interaction/*',
    methods: ['GET', 'POST'],
    kind: 'page',
    listeners: people,
    sameOriginOnly: true,
  },
  {
    path: '/device',
    methods: ['GET', 'POST'],
    kind: 'page',
    listeners: people,
    sameOriginOnly: true,
  },
  { path: '/denied', methods: ['GET'], kind: 'page', listeners: people, sameOriginOnly: true },
  { path: '/logout', methods: ['GET', 'POST'], kind: 'page', listeners: people },
  {
    path: '/logout/confirm',
    methods: ['POST'],
    kind: 'page',
    listeners: people,
    sameOriginOnly: true,
  },
  { path: '/logout/success', methods: ['GET'], kind: 'page', listeners: people },
  { path: '/token', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: servers },
  { path: '/device_authorization', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: servers },
  { path: '/userinfo', methods: cors, kind: 'api', listeners: servers },
  { path: '/introspect', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: servers },
  { path: '/revoke', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: servers },
  { path: '/request', methods: ['POST', 'OPTIONS'], kind: 'api', listeners: [...people, 'funnel'] },
  ...(
    [
      { path: '/register', methods: ['POST', 'OPTIONS'] },
      { path: '/register/*', methods: ['GET', 'PUT', 'DELETE'] },
    ] as const
  ).map(
    (route): Route => ({
      ...route,
      kind: 'api',
      listeners: [...people, 'funnel'],
      registration: true,
    }),
  ),
  ...[
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
  ].map(
    (path): Route => ({
      path,
      methods: ['GET', 'OPTIONS'],
      kind: 'metadata',
      listeners: servers,
    }),
  ),
  // tsidp's own; for administrators (`administrator.ts`)
  ...(
    [
      { path: '/clients/', methods: ['GET'] },
      { path: '/clients/new', methods: ['POST'] },
      { path: '/clients/*', methods: ['GET', 'DELETE'] },
    ] as const
  ).map(
    (route): Route => ({
      ...route,
      kind: 'api',
      listeners: [...people, 'admin'],
      sameOriginOnly: true,
    }),
  ),
  // the same for browsers, at tsidp's paths
  ...['/new', '/edit/*'].map(
    (path): Route => ({
      path,
      methods: ['GET', 'POST'],
      kind: 'page',
      listeners: people,
      sameOriginOnly: true,
    }),
  ),
  // the command line's
  { path: '/admin/clients', methods: ['GET', 'POST'], kind: 'api', listeners: ['admin'] },
  { path: '/admin/clients/*', methods: ['GET', 'DELETE'], kind: 'api', listeners: ['admin'] },
  { path: '/admin/secrets/*', methods: ['POST'], kind: 'api', listeners: ['admin'] },
  { path: '/admin/marks/*', methods: ['POST'], kind: 'api', listeners: ['admin'] },
  { path: '/healthz', methods: ['GET'], kind: 'health', listeners: [...people, 'admin'] },
  { path: '/readyz', methods: ['GET'], kind: 'health', listeners: [...people, 'admin'] },
];

export type Exposed =
  | { readonly route: Route }
  /** 404, or 405 with the methods that would do; `page` where people inside the tailnet find one. */
  | {
      readonly route: undefined;
      readonly allow: string | undefined;
      readonly kind: 'page' | 'api';
    };

/** How errors are told there. */
export function kindOf(exposed: Exposed): RouteKind {
  return exposed.route ? exposed.route.kind : exposed.kind;
}

function isThere(route: Route, listener: ListenerKind, mode: RegistrationMode): boolean {
  return !route.registration || showsRegistration(listener, mode);
}

/** Do clients that come through this listener find the registration endpoint? */
export function showsRegistration(listener: ListenerKind, mode: RegistrationMode): boolean {
  return listener === 'funnel' ? mode === 'public' : mode !== 'off';
}

/** The route of a request on a listener. Paths are compared exactly: no other case, no extra slash. */
export function findRoute(
  listener: ListenerKind,
  method: string,
  path: string,
  mode: RegistrationMode,
): Exposed {
  const route = byPath.get(path) ?? byPath.get(withoutLast(path));
  const kind = listener === 'funnel' && route?.kind === 'page' ? 'page' : 'api';
  if (!route?.listeners.includes(listener) || !isThere(route, listener, mode)) {
    return { route: undefined, allow: undefined, kind };
  }
  const asked = method === 'HEAD' ? 'GET' : method;
  if (route.methods.some((allowed) => allowed === asked)) return { route };
  return { route: undefined, allow: allowOf(route.methods), kind };
}

/** As the `Allow` header has it (RFC 9110 10.2.1). */
export function allowOf(methods: Route['methods']): string {
  return methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
}

/** `/register/x` → `/register/*`. No pattern: one that looks for the end at every place takes the square of the length. */
function withoutLast(path: string): string {
  const end = path.lastIndexOf('/') + 1;
  return end === path.length ? path : `${path.slice(0, end)}*`;
}

const byPath: ReadonlyMap<string, Route> = new Map(exposure.map((route) => [route.path, route]));
