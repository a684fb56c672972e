import { describe, expect, it } from '@jest/globals';
import { SecretMask } from './secret-mask.js';

const SECRET = 'tk+Zq7/Hn2"Wd9\\Lx4&Rb6=Vc1';
const mask = new SecretMask([SECRET, 'pass wörd 9f', 'short', '', 'aaaaaaaaaa']);

const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

describe('SecretMask', () => {
  it.each([
    ['as it is', `bad token ${SECRET}!`, 'bad token ***!'],
    ['in other letters', SECRET.toUpperCase(), '***'],
    ['percent-encoded', `a=${encodeURIComponent(SECRET)}&b=1`, 'a=***&b=1'],
    ['every byte of it percent-encoded', percent(SECRET), '***'],
    ['twice', encodeURIComponent(`x=${encodeURIComponent(SECRET)}`), 'x%3D***'],
    ['of several bytes a character', `p=${percent('pass wörd 9f')};`, 'p=***;'],
    ['as a form', 'p=pass+w%C3%B6rd+9f&q', 'p=***&q'],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ SECRET })), String.raw`"{\"SECRET\":\"***\"}"`],
    ['by code points', 'x&#97;&#x61;aaaaaaaay', 'x***y'],
    ['by code points of JSON', String.raw`\u0061\u0061aaaaaaaa`, '***'],
    ['over lines', `${SECRET.slice(0, 9)}\r\n\t${SECRET.slice(9)}.`, '***.'],
    ['with what is not seen', `${SECRET.slice(0, 9)}\u200b${SECRET.slice(9)}`, '***'],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex').toUpperCase(), '***'],
    ['twice in one text', `${SECRET} ${encodeURIComponent(SECRET)}`, '*** ***'],
    ['overlapping itself', 'aaaaaaaaaaaaa', '***aaa'],
    ['with bytes that are no text beside it', `%ff${SECRET}%C3`, '%ff***%C3'],
    ['beside a code point that does not exist', `&#x1fffff;${SECRET}`, '&#x1fffff;***'],
    ['too short to differ from a word', 'short', 'short'],
    ['nowhere', 'a%20text &amp; more', 'a%20text &amp; more'],
  ])('masks a secret %s', (_how, text, expected) => {
    expect(mask.mask(text)).toBe(expected);
    expect(mask.mayOccurIn(JSON.stringify(text)) || !text.includes('***')).toBe(true);
  });

  it('masks base64 at each alignment, and only the longer secrets in links', () => {
    for (const before of ['', 'x', 'xy']) {
      const base64 = Buffer.from(`${before}${SECRET}!`).toString('base64');
      expect(mask.mask(base64)).toContain('***');
      expect(mask.maskLink(`https://a.b/?t=${base64}`)).toContain('***');
    }
    expect(mask.maskLink('https://a.b/aaaaaaaaaa')).toBe('https://a.b/aaaaaaaaaa');
  });

  it('finds a secret that is an id, and a long one in an id', () => {
    expect(mask.isInId('aaaaaaaaaa')).toBe(true);
    expect(mask.isInId('aaaaaaaaaa-1')).toBe(false);
    expect(mask.isInId(`pm-${encodeURIComponent(SECRET)}`)).toBe(true);
  });
});
