import type { Resource } from '../access/resources.ts';
import type { OutgoingFetch } from '../outgoing/fetch.ts';
import { OutgoingError } from '../outgoing/outgoing-error.ts';
import { canonicalResource } from '../protocol/resource.ts';
import { type Finding, ok, warning } from './finding.ts';

export interface DocumentQuestion {
  readonly resources: readonly Pick<Resource, 'uri'>[];
  readonly issuer: string;
  /** Behind the guard; the operator's URLs may be anywhere. */
  readonly fetch: OutgoingFetch;
}

/** Of many resources the first ones. */
const maxResources = 30;
const topic = 'resources';

/**
 * What MCP servers publish of themselves (RFC 9728): are it this resource and this issuer, letter by letter? Clients
 * compare so. A resource without such a document is no MCP server, and fine.
 */
export async function resourceDocumentFindings(question: DocumentQuestion): Promise<Finding[]> {
  const asked = question.resources
    .filter(({ uri }) => /^https?:\/\//u.test(uri))
    .slice(0, maxResources);
  const found = await Promise.all(asked.map(({ uri }) => look(uri, question)));
  return found.flat();
}

async function look(uri: string, { issuer, fetch }: DocumentQuestion): Promise<Finding[]> {
  const url = documentUrl(uri);
  const read = await readDocument(url, fetch);
  if (typeof read === 'string') {
    return [ok(topic, `${uri}: no document at ${url} (${read}); only MCP servers need one`)];
  }
  const findings = [
    ...resourceFindings(uri, url, read['resource']),
    ...serverFindings(issuer, url, read['authorization_servers']),
  ];
  return findings.length > 0 ? findings : [ok(topic, `${url} names this issuer and resource`)];
}

/** RFC 9728 section 3.1: the well-known part goes between host and path. */
function documentUrl(uri: string): string {
  const { origin, pathname, search } = new URL(uri);
  const path = pathname === '/' ? '' : pathname;
  return `${origin}/.well-known/oauth-protected-resource${path}${search}`;
}

/** The document, or why there is none. */
async function readDocument(
  url: string,
  fetch: OutgoingFetch,
): Promise<Readonly<Record<string, unknown>> | string> {
  try {
    const { status, body } = await fetch(url, { trusted: true, json: true });
    if (status !== 200) return `it answers ${status}`;
    const document: unknown = JSON.parse(body.toString('utf8'));
    if (typeof document !== 'object' || document === null) return 'it is not a JSON object';
    return document as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof SyntaxError) return 'it is not JSON';
    if (error instanceof OutgoingError) return error.message;
    throw error;
  }
}

function resourceFindings(uri: string, url: string, published: unknown): Finding[] {
  // clients send what stands there, and both spellings are one resource here
  if (typeof published === 'string' && canonicalResource(published) === canonicalResource(uri)) {
    return [];
  }
  return [
    warning(
      topic,
      `${url} says that it is ${quoted(published)}, but ${uri} is declared, so tokens are for another resource`,
      'give both the same URL: "uri" here, or the resource of the server',
    ),
  ];
}

function serverFindings(issuer: string, url: string, published: unknown): Finding[] {
  const servers: readonly unknown[] = Array.isArray(published) ? published : [];
  if (servers.includes(issuer)) return [];
  if (servers.includes(`${issuer}/`)) {
    return [
      warning(
        topic,
        `${url} names our issuer with a slash at its end, ${issuer}/, which clients that compare strictly (RFC 8414 section 3.3) take for a different one`,
        `write it as text without the slash, "${issuer}"; in Python it must not go through AnyHttpUrl (docs/mcp.md, "Servers in Python")`,
      ),
    ];
  }
  return [
    warning(
      topic,
      `${url} names ${servers.length === 0 ? 'no authorization server' : `other authorization servers, ${quoted(servers)}`}, so clients don't come here for tokens`,
      `put ${issuer} into its authorization_servers`,
    ),
  ];
}

/** What another server says, in bounds. */
function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
