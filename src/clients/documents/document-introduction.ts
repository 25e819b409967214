import Provider, { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { isOwnTrouble, refusalError, tryLater } from '../../access/errors.ts';
import { factsOf, shareOf } from '../../access/request.ts';
import { isFromWebPage } from '../../access/web-page.ts';
import type { Clock } from '../../clock.ts';
import type { Identity } from '../../identity/identity.ts';
import { createFailureLimit } from '../../limits/failure-limit.ts';

/**
 * Decides whether the request under way may bring a client that nobody logged in with before, and so make us ask a
 * host of its choice: only people and machines of the tailnet may, each a few times a minute.
 * @returns who it is
 * @throws errors.InvalidClient, errors.AccessDenied, errors.TemporarilyUnavailable
 */
export type Introduce = () => Promise<Identity>;

const perMinute = 30;

export function createIntroduction(clock: Clock): Introduce {
  const limit = createFailureLimit({
    clock,
    failures: perMinute,
    windowSeconds: 60,
    maxPairs: 10_000,
  });
  return async () => {
    const { ctx } = Provider;
    if (!ctx) throw stranger();
    if (isOtherPage(ctx)) throw stranger();
    const facts = factsOf(ctx);
    const identified = await facts.identify();
    if (!identified.ok) {
      const { refusal } = identified;
      throw isOwnTrouble(refusal) || isPage(ctx) ? refusalError(refusal, false) : stranger();
    }
    const who = { clientId: 'metadata document', peer: await shareOf(facts) };
    const waitSeconds = limit.waitSeconds(who);
    if (waitSeconds > 0) throw tryLater(ctx, waitSeconds, 'too many new clients from this device');
    limit.record(who);
    return identified.identity;
  };
}

/** What a web page of elsewhere sends has no identity: it would borrow its visitor's (T33). */
const isOtherPage = (ctx: KoaContextWithOIDC): boolean =>
  isPage(ctx) ? isUnseen(ctx) : isFromWebPage(ctx);

/** An image, a frame or a script's request: nobody sees where it leads. People go to pages. */
const isUnseen = ({ req }: KoaContextWithOIDC): boolean =>
  (req.headers['sec-fetch-dest'] ?? 'document') !== 'document';

const isPage = (ctx: KoaContextWithOIDC): boolean => ctx.oidc.route === 'authorization';

const stranger = () =>
  new errors.InvalidClient(
    'this client is not known here: it becomes known when somebody logs in with it from inside the tailnet',
  );
