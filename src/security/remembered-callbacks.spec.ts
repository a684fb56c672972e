import { describe, expect, it } from '@jest/globals';
import { TestClock } from '../../test/support/test-clock.js';
import { RememberedCallbacks, signedCallback } from './remembered-callbacks.js';

describe('RememberedCallbacks', () => {
  it('remembers as long as a signature is valid, to either side', () => {
    const clock = new TestClock();
    const remembered = new RememberedCallbacks(clock);
    remembered.add(signedCallback('acme', 'msg_1', 'body'), { paymentId: 'pm_1' });
    clock.advance(599_999);
    expect(remembered.find(signedCallback('acme', 'msg_1', 'body'))).toMatchObject({ paymentId: 'pm_1' });
    expect(remembered.find(signedCallback('other', 'msg_1', 'body'))).toBeUndefined();
    expect(remembered.find(signedCallback('acme', 'msg_2', 'body'))).toBeUndefined();
    expect(remembered.find(signedCallback('acme', 'msg_1', 'other'))).toBeUndefined();
    clock.advance(1);
    expect(remembered.find(signedCallback('acme', 'msg_1', 'body'))).toBeUndefined();
  });

  it('forgets the oldest if there are too many', () => {
    const remembered = new RememberedCallbacks(new TestClock(), 2);
    const signed = (id: string) => signedCallback('acme', id, 'body');
    for (const id of ['1', '2', '3']) remembered.add(signed(id), { paymentId: id });
    expect(['1', '2', '3'].map((id) => remembered.find(signed(id))?.paymentId)).toEqual([
      undefined,
      '2',
      '3',
    ]);
  });
});
