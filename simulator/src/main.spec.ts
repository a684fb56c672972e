import { describe, expect, it } from '@jest/globals';
import { optionsOf } from './main.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('the command line', () => {
  it('has defaults for everything', () => {
    expect(optionsOf([])).toMatchObject({
      port: 9_090,
      host: '127.0.0.1',
      callbackUrl: undefined,
      callbackSecrets: [],
      honourIdempotencyKey: true,
      maxPayments: 100_000,
      memoryPath: undefined,
    });
  });

  it('takes every option', () => {
    const line =
      '--port 0 --host 0.0.0.0 --public-url http://localhost:9090/ --max-payments 5 --memory x.db --ignore-idempotency-key ' +
      `--callback-url http://gateway/v3/x/callback --callback-secret ${SECRET} --callback-bearer tok`;
    const options = optionsOf([...line.split(' '), '--notification-secret', `${SECRET} ${SECRET}`]);
    expect(options).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      publicUrl: 'http://localhost:9090',
      callbackUrl: 'http://gateway/v3/x/callback',
      honourIdempotencyKey: false,
      maxPayments: 5,
      memoryPath: 'x.db',
    });
    expect(options?.notificationSecrets).toEqual([SECRET, SECRET]);
    expect(options?.callbackBearer).toBe('tok');
  });

  it('returns no options for --help', () => expect(optionsOf(['--help'])).toBeUndefined());

  it.each([
    [['--port', '65536'], '--port must be'],
    [['--port', 'x'], '--port must be'],
    [['--port', ''], '--port must be'],
    [['--callback-url', 'gateway'], '--callback-url must be'],
    [['--public-url', 'ftp://x'], '--public-url must be'],
    [['--callback-secret', 'plain'], '--callback-secret must be'],
    [['--max-payments', '0'], '--max-payments must be'],
    [['--bogus'], 'bogus'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => expect(() => optionsOf(args)).toThrow(message));

  it('does not print an invalid secret', () => {
    expect(() => optionsOf(['--notification-secret', 'hunter2'])).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });
});
