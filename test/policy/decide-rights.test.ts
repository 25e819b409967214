import { describe, expect, test } from 'vitest';
import { decideAdmin } from '../../src/policy/decide-admin.ts';
import { decideRegister, type RegistrationMode } from '../../src/policy/decide-register.ts';
import { lines, machine, rules, user } from './sample.ts';

describe('who may register clients', () => {
  const dcr = rules({ allow_dcr: true });
  const none = rules({ allow_admin_ui: true });
  const foreign = user({ foreign: true });
  test.each<
    [
      RegistrationMode,
      string,
      Parameters<typeof decideRegister>[0]['identity'],
      typeof dcr,
      boolean,
    ]
  >([
    ['off', 'with a grant', user(), dcr, false],
    ['granted', 'with a grant', user(), dcr, true],
    ['granted', 'without', user(), none, false],
    ['granted', 'machine with a grant', machine(), dcr, true],
    ['granted', 'unknown', undefined, rules(), false],
    ['tailnet', 'without', user(), none, true],
    ['tailnet', 'machine', machine(), none, true],
    ['tailnet', 'foreign without', foreign, none, false],
    ['tailnet', 'foreign with a grant', foreign, dcr, true],
    ['tailnet', 'unknown', undefined, rules(), false],
    ['public', 'unknown', undefined, rules(), true],
    ['public', 'foreign', foreign, none, true],
  ])('%s, %s', (mode, _name, identity, given, allowed) => {
    const decision = decideRegister({ identity, rules: given, mode });
    expect(decision.allowed).toBe(allowed);
    expect(decision.trace.length).toBeGreaterThan(0);
  });

  test('what would help is said where it would', () => {
    const remedy = { 'tailscale.com/cap/tsidp': [{ allow_dcr: true }] };
    expect(decideRegister({ identity: user(), rules: none, mode: 'granted' })).toMatchObject({
      remedy,
    });
    expect(decideRegister({ identity: user(), rules: none, mode: 'off' })).not.toHaveProperty(
      'remedy',
    );
    const unknown = decideRegister({ identity: undefined, rules: rules(), mode: 'granted' });
    expect(unknown).not.toHaveProperty('remedy');
  });
});

describe('who may administer', () => {
  const admin = rules({}, { allow_admin_ui: true });
  test.each<[string, Parameters<typeof decideAdmin>[0], boolean]>([
    ['with a grant', { identity: user(), rules: admin }, true],
    ['without', { identity: user(), rules: rules({ allow_dcr: true }) }, false],
    ['denied', { identity: user(), rules: rules({ allow_admin_ui: false }) }, false],
    ['machine with a grant', { identity: machine(), rules: admin }, true],
    ['T20 foreign with a grant', { identity: user({ foreign: true }), rules: admin }, false],
  ])('%s', (_name, question, allowed) => {
    const decision = decideAdmin(question);
    expect(decision.allowed).toBe(allowed);
    expect(lines(decision.trace)).toHaveLength(1);
  });
});
