import { describe, expect, test } from 'vitest';
import { python } from '../../conformance/install.ts';
import { recorded } from '../world/register.ts';
import { introductions, live, ofApp, settingsFor } from './journey.ts';
import { startProgram } from './program.ts';

const registration = recorded.get('python-sdk') ?? {};
const metadata = ofApp(registration, [
  'scope',
  'application_type',
  'grant_types',
  'response_types',
]);

describe('the official Python SDK', () => {
  test.concurrent.each(introductions)('a whole life, by %s', async (introduction) => {
    const wire = await live(introduction, (start) =>
      startProgram(python, 'python.py', settingsFor(start, metadata), start.person),
    );
    const sent = { ...registration, scope: 'read_file offline_access' };
    expect(wire.registered()).toEqual(introduction === 'registration' ? [sent] : []);
  });
});
