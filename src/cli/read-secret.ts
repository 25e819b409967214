import { CommandError, type Io } from './command.ts';

/** More than any secret may have; reading ends there. */
const maxLength = 4096;

/** Reads a secret from standard input and cuts white space around it, so that `echo` and files both work. */
export const readSecret = async (
  io: Io,
  check: (secret: string) => string | undefined,
): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of io.stdin ?? []) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > maxLength) break;
  }
  const secret = text.trim();
  if (secret === '') throw new CommandError('there is no secret on standard input');
  const reason = check(secret);
  if (reason !== undefined) throw new CommandError(`the secret on standard input ${reason}`);
  return secret;
};
