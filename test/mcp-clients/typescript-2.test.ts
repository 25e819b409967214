import { describe, expect, test } from 'vitest';
import { recorded } from '../world/register.ts';
import { introductions, live, ofApp, settingsFor } from './journey.ts';
import { startProgram } from './program.ts';

const registration = recorded.get('typescript-sdk-2') ?? {};
const metadata = ofApp(registration, ['scope', 'application_type']);

describe('the official TypeScript SDK 2.x', () => {
  test.concurrent.each(introductions)('a whole life, by %s', async (introduction) => {
    const wire = await live(introduction, (start) =>
      startProgram(process.execPath, 'typescript-2.ts', settingsFor(start, metadata), start.person),
    );
    const sent = { ...registration, scope: 'read_file offline_access' };
    expect(wire.registered()).toEqual(introduction === 'registration' ? [sent] : []);
  });
});
