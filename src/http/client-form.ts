import type { ClientProblem } from '../clients/client-problem.ts';
import type { ClientFields } from '../pages/client-form.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { valueAt } from '../schema/document.ts';

/** Redirect URIs as a text area of a form has them: one a line. A field may stand there several times. */
export function linesOf(field: string | readonly string[] | undefined): string[] {
  return [field ?? []].flat().flatMap((text) =>
    text
      .split('\n')
      .map((line: string) => line.trim())
      .filter(Boolean),
  );
}

/** What a form declares; a name that stands there twice is refused as what it is. */
export interface FormDeclaration {
  readonly name: unknown;
  readonly redirectUris: readonly string[];
}

export function declarationOf({ name = '', redirect_uri: uris }: Parameters): FormDeclaration {
  return { name, redirectUris: linesOf(uris) };
}

/** The form again, as it was filled in. */
export function fieldsOf({ name, redirectUris }: FormDeclaration): ClientFields {
  return { name: typeof name === 'string' ? name : '', redirectUris, problems: {} };
}

/** With each problem beside the field that it is about. */
export function fieldsWithProblems(
  declaration: FormDeclaration,
  { problems }: ClientProblem,
): ClientFields {
  const about = (member: string): readonly string[] | undefined => {
    const own = problems.filter(({ path }) => (path[0] === 'name') === (member === 'name'));
    return own.length === 0
      ? undefined
      : own.map(({ path, text }) => {
          const value = path.length > 1 ? valueAt(declaration, path) : undefined;
          return typeof value === 'string' ? `“${value}” ${text}` : `This ${text}`;
        });
  };
  const [name, redirectUris] = [about('name'), about('redirectUris')];
  return {
    ...fieldsOf(declaration),
    problems: { ...(name && { name }), ...(redirectUris && { redirectUris }) },
  };
}
