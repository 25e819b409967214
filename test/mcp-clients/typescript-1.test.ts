import { describe, expect, test } from 'vitest';
import { recorded } from '../world/register.ts';
import { introductions, live, ofApp, settingsFor } from './journey.ts';
import { startProgram } from './program.ts';

const registration = recorded.get('typescript-sdk') ?? {};
const metadata = ofApp(registration, ['scope']);

describe('the official TypeScript SDK 1.x', () => {
  test.concurrent.each(introductions)('a whole life, by %s', async (introduction) => {
    const wire = await live(introduction, (start) =>
      startProgram(process.execPath, 'typescript-1.ts', settingsFor(start, metadata), start.person),
    );
    const sent = { ...registration, scope: 'read_file' };
    expect(wire.registered()).toEqual(introduction === 'registration' ? [sent] : []);
  });
});
