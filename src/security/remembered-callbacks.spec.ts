import { describe, expect, it } from '@jest/globals';
import { TestClock } from '../../test/support/test-clock.js';
import { callbackKey, RememberedCallbacks } from './remembered-callbacks.js';

describe('RememberedCallbacks', () => {
  it('remembers as long as a signature is valid, to either side', () => {
    const clock = new TestClock();
    const remembered = new RememberedCallbacks(clock);
    remembered.add(callbackKey('acme', 'msg_1'), { paymentId: 'pm_1' });
    clock.advance(599_999);
    expect(remembered.find(callbackKey('acme', 'msg_1'))).toMatchObject({ paymentId: 'pm_1' });
    expect(remembered.find(callbackKey('other', 'msg_1'))).toBeUndefined();
    expect(remembered.find(callbackKey('acme', 'msg_2'))).toBeUndefined();
    clock.advance(1);
    expect(remembered.find(callbackKey('acme', 'msg_1'))).toBeUndefined();
  });

  it('forgets the oldest if there are too many', () => {
    const remembered = new RememberedCallbacks(new TestClock(), 2);
    for (const id of ['1', '2', '3']) remembered.add(id, { paymentId: id });
    expect(['1', '2', '3'].map((id) => remembered.find(id)?.paymentId)).toEqual([undefined, '2', '3']);
  });
});
