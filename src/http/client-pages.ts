import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { ClientProblem } from '../clients/client-problem.ts';
import type { ClientView } from '../clients/client-view.ts';
import { type Changer, declareClient } from '../clients/manage-clients.ts';
import {
  type ClientFields,
  declaredClientPage,
  editClientPage,
  newClientPage,
  type ShownClient,
  secretPage,
} from '../pages/client-form.ts';
import type { Parameters } from '../protocol/parameters.ts';
import type { ClientSource } from '../store/store.ts';
import { requireAdministrator } from './administrator.ts';
import { readForm } from './body.ts';
import { declarationOf, fieldsOf, fieldsWithProblems } from './client-form.ts';
import { newClientId } from './clients-api.ts';
import type { AppParts } from './parts.ts';
import { idInPath } from './path-id.ts';

type ClientPagesParts = Pick<AppParts, 'settings' | 'clients' | 'bodyLimitBytes'>;

/** `/new` */
export const answerNewClient = (ctx: Context, parts: ClientPagesParts): Promise<void> =>
  answerForm(ctx, true, parts);

/** `/edit/{id}` */
export const answerEditClient = (ctx: Context, parts: ClientPagesParts): Promise<void> =>
  answerForm(ctx, false, parts);

/**
 * tsidp's pages for administrators, `/new` and `/edit/{id}`: plain forms. There is no cookie that another page could
 * borrow: the connection is asked about each time, and the exposure table lets no other origin in (T26, T33).
 */
async function answerForm(
  ctx: Context,
  isNew: boolean,
  { settings, clients, bodyLimitBytes }: ClientPagesParts,
): Promise<void> {
  const { issuer } = settings;

  const add = async (form: Parameters, by: Changer): Promise<Shown> => {
    const declaration = declarationOf(form);
    const isPublic = form['public'] !== undefined;
    try {
      const declared = declareClient({ id: newClientId(), ...declaration }, !isPublic);
      const { client, secret } = await clients.add(declared, by);
      return ok(secretPage({ id: client.id, name: nameOf(client), secret, issuer, isNew: true }));
    } catch (error) {
      if (!isInvalid(error)) throw error;
      return bad(newClientPage({ ...fieldsWithProblems(declaration, error), isPublic }));
    }
  };
  const save = async (client: ClientView, form: Parameters, by: Changer): Promise<Shown> => {
    const declaration = declarationOf(form);
    try {
      const edited = await clients.edit(client.id, declaration, by);
      return ok(editClientPage(shown(edited), storedFields(edited), true));
    } catch (error) {
      if (!isInvalid(error)) throw error;
      return bad(editClientPage(shown(client), fieldsWithProblems(declaration, error), false));
    }
  };
  const change = async (id: string, form: Parameters, by: Changer): Promise<Shown> => {
    const client = await clients.find(id);
    if (client.source === 'config') throw new ClientProblem('declared', id);
    switch (form['action'] ?? '') {
      case 'save':
        return save(client, form, by);
      case 'rotate-secret': {
        const secret = await clients.rotateSecret(id, undefined, by);
        return ok(secretPage({ id, name: nameOf(client), secret, issuer, isNew: false }));
      }
      case 'remove': {
        if (form['sure'] !== 'yes')
          return bad(editClientPage(shown(client), unsure(client), false));
        await clients.remove(id, by);
        return 'home';
      }
      default:
        throw new errors.InvalidRequest('this form has no such button');
    }
  };
  const answer = async (): Promise<Shown> => {
    const record = await requireAdministrator(ctx, settings, 'page');
    const by: Changer = { source: 'admin', record };
    const id = idInPath(ctx);
    if (ctx.method === 'POST') {
      const form = await readForm(ctx, bodyLimitBytes);
      return isNew ? add(form, by) : change(id, form, by);
    }
    if (isNew) return ok(newClientPage({ ...fieldsOf(declarationOf({})), isPublic: false }));
    const client = await clients.find(id);
    return ok(
      client.source === 'config'
        ? declaredClientPage(shown(client), urisOf(client))
        : editClientPage(shown(client), storedFields(client), false),
    );
  };

  try {
    const found = await answer();
    if (found === 'home') {
      ctx.redirect('/');
      ctx.status = 303;
      return;
    }
    ctx.status = found.status;
    ctx.type = 'html';
    ctx.body = found.page;
  } catch (error) {
    throw error instanceof ClientProblem ? inWords(error) : error;
  }
}

type Shown = { readonly status: number; readonly page: string } | 'home';

const ok = (page: string): Shown => ({ status: 200, page });
const bad = (page: string): Shown => ({ status: 400, page });

const isInvalid = (error: unknown): error is ClientProblem =>
  error instanceof ClientProblem && error.code === 'invalid';

const nameOf = ({ metadata }: ClientView): string | undefined =>
  metadata['client_name'] === undefined ? undefined : String(metadata['client_name']);

const urisOf = ({ metadata }: ClientView): string[] =>
  Array.isArray(metadata['redirect_uris']) ? metadata['redirect_uris'].map(String) : [];

const storedFields = (client: ClientView): ClientFields =>
  fieldsOf({ name: nameOf(client) ?? '', redirectUris: urisOf(client) });

const unsure = (client: ClientView): ClientFields => ({
  ...storedFields(client),
  problems: { sure: ['Check the box to confirm that you want to remove this app.'] },
});

const origins: Readonly<Record<ClientSource, string>> = {
  config: 'the configuration file',
  cli: 'the command line',
  admin: 'an administrator',
  import: 'tsidp',
  dynamic: 'itself: it registered (RFC 7591)',
  'metadata-document': 'itself: it publishes its own description',
  machine: 'a machine of the tailnet, which needs no secret',
};

const shown = (client: ClientView): ShownClient => ({
  id: client.id,
  name: nameOf(client),
  hasSecret: client.secret !== 'none',
  authentication: client.authentication,
  origin: origins[client.source],
});

function inWords({ code }: ClientProblem): errors.InvalidRequest {
  switch (code) {
    case 'not-found':
      return new errors.InvalidRequest('there is no such app: it may have been removed', 404);
    case 'declared':
      return new errors.InvalidRequest(
        'this app is declared in the configuration file: change it there',
        409,
      );
    case 'public':
      return new errors.InvalidRequest('this app has no secret', 409);
    case 'invalid':
    case 'taken':
    case 'entered':
      return new errors.InvalidRequest('this app cannot be changed that way', 409);
  }
}
