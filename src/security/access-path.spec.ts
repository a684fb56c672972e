import { describe, expect, it } from '@jest/globals';
import { accessPathOf } from './access-path.js';

const ALL = ['/', '/health', '/metrics', '/documentation', '/problems', '/console'] as const;

describe('accessPathOf', () => {
  it.each([
    ['/', false],
    ['/health', false],
    ['/health/live', false],
    ['/health/ready', true],
    ['/metrics', true],
    ['/documentation/openapi.json', false],
    ['/problems/forbidden', false],
    ['/console/assets/index.js', false],
  ])('%s is public, or for operators where PUBLIC_PATHS leaves it out', (path, named) => {
    expect(accessPathOf(path, ALL)).toEqual({ kind: 'public', named });
    expect(accessPathOf(path, [])).toEqual({ kind: 'operator' });
  });

  it.each(['/admin', '/admin/', '/admin/payments/pay_1'])('%s is for administrators', (path) => {
    expect(accessPathOf(path, ALL)).toEqual({ kind: 'admin' });
  });

  it.each([
    ['/v3/acme/callback', 'acme'],
    ['/v3/%61cme/callback', '%61cme'],
  ])('%s is a callback of %s', (path, external) => {
    expect(accessPathOf(path, ALL)).toEqual({ kind: 'callback', external });
  });

  it.each([
    ['/v3/acme/pay', 'acme'],
    ['/v3/acme', 'acme'],
    ['/v3/acme/callback/', 'acme'],
    ['/v3/acme/callbacks', 'acme'],
    ['/v3/acme/x/callback', 'acme'],
    ['/v3/acme/callback%2F', 'acme'],
    ['/v3//callback', ''],
    ['/v3/', ''],
    ['/v3', undefined],
    ['/V3/acme/callback', undefined],
    ['//v3/acme/callback', undefined],
    ['//', undefined],
    ['', undefined],
    ['/healthy', undefined],
    ['/Health', undefined],
    ['/health%2Flive', undefined],
    ['/metrics.json', undefined],
    ['/administration', undefined],
    ['/%61dmin', undefined],
    ['/x/health', undefined],
    ['/metrics/../admin/payments', undefined],
    ['/health/.', undefined],
    ['/v3/../callback', '..'],
  ])('%s needs a caller, of external %s', (path, external) => {
    expect(accessPathOf(path, ALL)).toEqual({ kind: 'caller', external });
  });
});
