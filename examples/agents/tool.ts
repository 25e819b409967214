import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** Calls `read_file` of the MCP server with a token that is given. */
export async function readFileThere(server: string, token: string, name: string): Promise<string> {
  const client = new Client({ name: 'coder', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(server), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  try {
    const { content, isError } = await client.callTool({
      name: 'read_file',
      arguments: { name },
    });
    const [first] = content as { text?: string }[];
    if (isError) throw new Error(first?.text ?? 'the tool failed');
    return first?.text ?? '';
  } finally {
    await client.close();
  }
}
