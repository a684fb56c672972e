import { describe, expect, it } from '@jest/globals';
import { transcriptOf } from './attempt-transcript.js';

const request = {
  headers: { 'x-request-id': 'req-1', 'idempotency-key': 'order 4111111111111111' },
  credentials: { 'x-secret-header': 's3cret' },
  body: { amount: 1, providerData: { pan: 's3cret' } },
};

const answered = (body: string) => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'set-cookie': ['a=s3cret', 'b=s3cret'] },
  body: Buffer.from(body),
});

describe('transcriptOf', () => {
  it('hides every header with credentials, of any name, and masks card numbers', () => {
    expect(transcriptOf('headers', request, answered('{}'))).toEqual({
      requestHeaders: {
        'x-request-id': 'req-1',
        'idempotency-key': 'order ************1111',
        'x-secret-header': '***',
      },
      responseHeaders: { 'content-type': 'application/json', 'set-cookie': '***' },
    });
  });

  it('hides providerData, also if the external sends it back', () => {
    const transcript = transcriptOf(
      'body',
      request,
      answered('{"result":"OK","providerData":{"pan":"s3cret"}}'),
    );
    expect(transcript.requestBody).toEqual({ amount: 1, providerData: '***' });
    expect(transcript.responseBody).toEqual({ result: 'OK', providerData: '***' });
    expect(JSON.stringify(transcript)).not.toContain('s3cret');
  });

  it('hides providerData at any depth of an answer', () => {
    const { responseBody } = transcriptOf(
      'body',
      request,
      answered('{"metadata":[{"echo":{"providerData":{"pan":"s3cret"},"amount":1}}]}'),
    );
    expect(responseBody).toEqual({ metadata: [{ echo: { providerData: '***', amount: 1 } }] });
  });

  it.each([
    ['', '0 bytes: it has no body'],
    ['<h1>s3cret</h1>', '15 bytes: its body is not JSON'],
    [`"${'x'.repeat(5_000)}"`, '5002 bytes of JSON'],
    ['[1,"4111111111111111"]', [1, '************1111']],
  ])('shows the answer %.20s… as %j', (body, expected) => {
    expect(transcriptOf('body', request, answered(body)).responseBody).toEqual(expected);
  });

  it('has no answer if none was received', () => {
    expect(transcriptOf('body', { ...request, body: undefined }, undefined)).toMatchObject({
      responseHeaders: undefined,
      requestBody: undefined,
      responseBody: undefined,
    });
  });
});
