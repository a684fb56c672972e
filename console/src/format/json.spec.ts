import { describe, expect, it } from '@jest/globals';
import { jsonText } from './json';

describe('jsonText', () => {
  it('shows what turns the text around, or is invisible, by its code', () => {
    const value = { '\u202Eko': 'a\u2069b\u200Bc\u2028', tag: '\u{E0041}', name: 'הזמנה 😀' };
    const text = jsonText(value);
    expect(text).toBe('{"\\u202eko":"a\\u2069b\\u200bc\\u2028","tag":"\\udb40\\udc41","name":"הזמנה 😀"}');
    expect(JSON.parse(text)).toEqual(value);
  });
});
