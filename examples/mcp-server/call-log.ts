import type { Access } from '../../src/resource/resource.ts';

/** One line a call: who, by which client, for whom, what, and how it ended. Never a token, never arguments. */
export interface Call {
  readonly access: Access;
  readonly tool: string;
  readonly outcome: 'done' | 'failed' | 'insufficient_scope';
}

export type LogCall = (call: Call) => void;

/** JSON lines; the text of others is escaped by it. */
export function callLog(write: (line: string) => void): LogCall {
  return ({ access, tool, outcome }) => {
    const { subject, clientId, actors, claims } = access;
    write(
      JSON.stringify({
        time: new Date().toISOString(),
        tool,
        outcome,
        subject,
        login: claims['email'] ?? claims['preferred_username'] ?? claims['username'],
        client: clientId,
        actors: actors.map((actor) => actor.subject),
      }),
    );
  };
}
