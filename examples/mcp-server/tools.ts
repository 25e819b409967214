import { McpServer, type ScopeChallengeHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Access, Resource } from '../../src/resource/resource.ts';
import type { LogCall } from './call-log.ts';
import { evaluate } from './expression.ts';
import { listFiles, readFile } from './folder.ts';

export interface ToolsOptions {
  readonly resource: Resource;
  readonly folder: string;
  readonly log: LogCall;
}

/** Every scope, each the one that its tool of the same name needs. */
export const scopes = ['read_file', 'run_code'] as const;

/** The MCP server of one request: everybody may see both tools, and call those that the token has the scope of. */
export async function toolsFor(access: Access, options: ToolsOptions): Promise<McpServer> {
  const { resource, folder, log } = options;
  const server = new McpServer({ name: 'tsidp-example', version: '1.0.0' });

  /** Answered by the SDK with HTTP 403 and the scopes, so that the client may ask for more (step-up). */
  const needing =
    (tool: string): ScopeChallengeHandler =>
    () => {
      const [first, ...more] = resource.scopesToAskFor(access, [tool]) ?? [];
      if (first === undefined) return undefined;
      log({ access, tool, outcome: 'insufficient_scope' });
      return {
        scopes: [first, ...more],
        errorDescription: `The tool ${tool} needs its own scope.`,
      };
    };

  async function run(tool: string, work: () => string | Promise<string>) {
    try {
      const text = await work();
      log({ access, tool, outcome: 'done' });
      return { content: [{ type: 'text' as const, text }] };
    } catch (error) {
      log({ access, tool, outcome: 'failed' });
      return {
        isError: true,
        content: [{ type: 'text' as const, text: (error as Error).message }],
      };
    }
  }

  server.registerTool(
    'read_file',
    {
      title: 'Read a file',
      description: `Reads one of: ${(await listFiles(folder)).join(', ')}`,
      inputSchema: z.object({ name: z.string().max(100).describe('The name of the file.') }),
      annotations: { readOnlyHint: true },
      scopeChallenge: needing('read_file'),
    },
    ({ name }) => run('read_file', () => readFile(folder, name)),
  );
  server.registerTool(
    'run_code',
    {
      title: 'Run code',
      description: 'Computes an arithmetic expression such as (1 + 2) * 3.5',
      inputSchema: z.object({ code: z.string().max(200).describe('The expression.') }),
      annotations: { readOnlyHint: true },
      scopeChallenge: needing('run_code'),
    },
    ({ code }) => run('run_code', () => String(evaluate(code))),
  );
  return server;
}
