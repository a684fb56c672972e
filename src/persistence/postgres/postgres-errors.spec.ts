import { describe, expect, it } from '@jest/globals';
import { DatabaseError } from 'pg';
import { StorageUnavailable } from '../store.js';
import { isConnectionLost, isRetryable, isUniqueViolation, postgresFailure } from './postgres-errors.js';

function fromServer(code: string, severity = 'ERROR'): DatabaseError {
  return Object.assign(new DatabaseError(`SQLSTATE ${code}`, 0, 'error'), { code, severity });
}

const RESET = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const NO_ANSWER = new Error('Query read timeout');

describe('Errors of PostgreSQL', () => {
  it.each([
    ['the connection is reset', RESET],
    ['no answer arrives', NO_ANSWER],
    ['connection failure', fromServer('08006')],
    ['the disk is full', fromServer('53100')],
    ['too many connections', fromServer('53300', 'FATAL')],
    ['a statement takes too long', fromServer('57014')],
    ['the server shuts down', fromServer('57P01', 'FATAL')],
    ['the server starts', fromServer('57P03', 'FATAL')],
    ['an I/O error', fromServer('58030')],
    ['a standby only reads', fromServer('25006')],
  ])('is unavailable storage when %s', (_what, error) => {
    const failure = postgresFailure(error);
    expect(failure).toBeInstanceOf(StorageUnavailable);
    expect(failure).toMatchObject({
      outcome: 'not-committed',
      message: `PostgreSQL: ${error.message}`,
      cause: error,
    });
  });

  it.each([
    ['a violated constraint', fromServer('23505')],
    ['a mistake in the query', fromServer('42601')],
    ['a value beyond a number', new RangeError('beyond 2^53')],
    ['a value that is not stored', new TypeError('boolean')],
  ])('stays what it is: %s', (_what, error) => {
    expect(postgresFailure(error)).toBe(error);
    expect(postgresFailure(error, true)).toBe(error);
  });

  it('leaves the outcome of a commit unknown only when the connection is lost', () => {
    expect(postgresFailure(RESET, true)).toMatchObject({ outcome: 'unknown' });
    expect(postgresFailure(fromServer('57P01', 'FATAL'), true)).toMatchObject({ outcome: 'unknown' });
    expect(postgresFailure(fromServer('53100'), true)).toMatchObject({ outcome: 'not-committed' });
  });

  it('runs again what a deadlock or a serialisation failure undid', () => {
    expect(['40001', '40P01', '23505'].map((code) => isRetryable(fromServer(code)))).toEqual([
      true,
      true,
      false,
    ]);
    expect(isRetryable(RESET)).toBe(false);
  });

  it('recognizes a unique value that another transaction may have committed meanwhile', () => {
    expect(['23505', '23502', '40001'].map((code) => isUniqueViolation(fromServer(code)))).toEqual([
      true,
      false,
      false,
    ]);
    expect(isUniqueViolation(RESET)).toBe(false);
  });

  it('treats a connection as lost once its session has ended', () => {
    expect([RESET, NO_ANSWER, fromServer('57P01', 'FATAL')].map(isConnectionLost)).toEqual([
      true,
      true,
      true,
    ]);
    expect([fromServer('53100'), new RangeError('beyond 2^53')].map(isConnectionLost)).toEqual([
      false,
      false,
    ]);
  });

  it('names both reasons when a host has two addresses', () => {
    const refused = new AggregateError([
      new Error('connect ECONNREFUSED ::1:1'),
      new Error('connect ECONNREFUSED 127.0.0.1:1'),
    ]);
    expect(postgresFailure(refused)).toMatchObject({
      message: 'PostgreSQL: connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1',
    });
  });
});
