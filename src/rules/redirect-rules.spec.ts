import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { issuedHttpUrl, issuedUrl, redirectUrl } from './redirect-rules.js';

const WEB = [
  'https://shop.example',
  'HTTPS://Shop.Example/Paid?order=1&back=https://shop.example/#done',
  'http://localhost:8080/paid',
  'http://127.0.0.1/paid',
  'https://[2001:DB8:0:0::1]:8443/paid',
  'https://bücher.example/bezahlt',
  'https://xn--bcher-kva.example/',
  'https://shop.example./',
  'https://my_shop.example/a@b?mail=a@b.example',
  String.raw`https://shop.example/?path=a\b`,
];
const APPS = [
  'myshop://paid',
  'myshop://paid?order=1&next=https%3A%2F%2Fshop.example',
  'com.myshop.app:/paid',
  'myshop:paid',
  'myshop://shop:8080/paid',
  'upi://pay?pa=merchant@bank&am=1.00',
  'swish://paymentrequest?token=abc',
  'bitcoin:175tWpb8K1S7NmH4Zx6rewF9WQrcZv245W?amount=0.1',
];
const AMBIGUOUS = [
  '/paid',
  'paid',
  'https:',
  'https://',
  'https:shop.example',
  'https:/shop.example',
  'https:///shop.example',
  'https://user@shop.example/',
  'https://user:pass@shop.example/',
  'https://@shop.example/',
  'https://shop.example:443@evil.example/',
  String.raw`https://shop.example\@evil.example`,
  String.raw`https:\\shop.example`,
  String.raw`https://shop.example/a\b`,
  'https://shop.example/\tpaid',
  'https://shop.example/\npaid',
  'https://shop.example/a b',
  ' https://shop.example',
  'https://shop.example/\u0000',
  'https://shop.example/\u200b',
  'https://shop.example/\u202e',
  'https://sh\u00adop.example/',
  'https://%73hop.example/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://127.1/',
  'https://ⓢhop.example/',
  'https://shop。example/',
  'https://shop..example/',
  'https://.shop.example/',
  'https://shop.example;evil.example/',
  'https://shop.example,evil.example/',
  `https://${'a'.repeat(250)}.example/`,
  'https://shop.example:99999/',
  'https://shop.example:x/',
  'https://[::1]:/',
  'https://shop.example:/',
];
const SYSTEM = [
  'javascript:alert(1)',
  'JavaScript://shop.example/%0aalert(1)',
  'vbscript:x',
  'data:text/html,x',
  'blob:https://shop.example/1',
  'file:///etc/passwd',
  'filesystem:https://shop.example/temporary/x',
  'about:blank',
  'jar:https://shop.example/x.jar!/',
  'view-source:https://shop.example',
  'feed:javascript:alert(1)',
  'feed:https://shop.example',
  'ms-msdt:/id PCWDiagnostic'.replace(' ', '%20'),
  'ms-officecmd:x',
  'ms-settings:privacy',
  'search-ms:query=x&crumb=location:%5C%5Cevil',
  'search:x',
  'microsoft-edge:https://evil.example',
  'smb://evil.example/share',
  'chrome://settings',
  'chrome-extension://x/',
  'moz-extension://x/',
  'intent://scan/#Intent;scheme=zxing;end',
  'content://com.android.contacts/1',
  'tel:+4912345',
  'sms:+4912345',
  'mailto:a@b.example',
  'facetime:a@b.example',
  'ssh://evil.example',
  'ftp://evil.example',
  'itms-services://?action=download-manifest',
  'shortcuts://run-shortcut?name=x',
  'vscode://file/etc/passwd',
  'vscode-insiders://x',
  'teamviewer10://control?device=x',
  'zoommtg://join?x',
  'skype:user?call',
  'whatsapp://send?text=x',
  'tg://msg?x',
  'dict://x/d:y',
  'z39.50r://x',
  'powershell:x',
  'x-apple.systempreferences:x',
];
const NESTED = [
  'myshop:javascript:alert(1)',
  'myshop:javascript%3aalert(1)',
  'myshop:%6aavascript:alert(1)',
  'myshop:%256aavascript%253Aalert(1)',
  'myshop:%2f%2fhttps%3a%2f%2fevil.example',
  'myshop://https://evil.example',
  'myshop:https%3A%2F%2Fevil.example',
  'myshop:///javascript:alert(1)',
  'myshop:myshop:paid',
  'myshop:tel:49',
  'shop.example:8080/paid',
  'localhost:8080',
  'myshop://user@paid',
  'myshop://user:pass@paid',
  String.raw`myshop://paid\@evil`,
  'myshop:',
  'myshop://paid now',
];

describe('a redirect URL', () => {
  it.each([...WEB, ...APPS])('may be %s', (text) => {
    expect([redirectUrl.accepts(text), issuedUrl.accepts(text)]).toEqual([true, true]);
  });

  it.each([...AMBIGUOUS, ...SYSTEM, ...NESTED])('may not be %j', (text) => {
    const rules = [redirectUrl, issuedUrl, issuedHttpUrl];
    expect(rules.map((rule) => rule.accepts(text))).toEqual([false, false, false]);
  });

  it('may have 2,048 characters, that of an external 8,192', () => {
    const of = (length: number): string => 'https://shop.example/'.padEnd(length, 'x');
    expect([2_048, 2_049].map((length) => redirectUrl.accepts(of(length)))).toEqual([true, false]);
    expect([8_192, 8_193].map((length) => issuedUrl.accepts(of(length)))).toEqual([true, false]);
  });

  it('of an external may have to be a page', () => {
    expect(WEB.every((text) => issuedHttpUrl.accepts(text))).toBe(true);
    expect(APPS.some((text) => issuedHttpUrl.accepts(text))).toBe(false);
  });
});

/** Texts near a URL, from the parts that parsers disagree about. */
const parts = fc.constantFrom(
  'https',
  'http',
  'javascript',
  'data',
  'myshop',
  'feed',
  ':',
  '/',
  '//',
  '\\',
  '@',
  '?',
  '#',
  '.',
  '%40',
  'shop.example',
  'evil.example',
  '127.1',
  '0x7f',
  '[::1]',
  ':8080',
  'user:pass',
  '\t',
  '\n',
  ' ',
  '\u200b',
  'ⓢ',
);
const nearUrl = fc
  .tuple(fc.constantFrom('', 'https://', 'http:', 'myshop:', 'myshop://'), fc.array(parts, { maxLength: 8 }))
  .map(([start, rest]) => start + rest.join(''));
const any = fc.oneof(nearUrl, fc.webUrl(), fc.string(), fc.string({ unit: 'grapheme' }));

describe('an accepted redirect URL', () => {
  const accepted = (text: string): URL | undefined => (redirectUrl.accepts(text) ? new URL(text) : undefined);

  it('has no user info, and its host is the text between // and the next / ? # or port', () => {
    fc.assert(
      fc.property(any, (text) => {
        const url = accepted(text);
        if (!url) return;
        expect([url.username, url.password]).toEqual(['', '']);
        if (!url.protocol.startsWith('http')) return;
        // RFC 3986, appendix B.
        const authority = /^[^:/?#]+:\/\/([^/?#]*)/.exec(text)![1]!;
        expect(authority.toLowerCase().replace(/:\d+$/, '')).toBe(url.hostname);
      }),
      { seed: 9, numRuns: 5_000, examples: WEB.slice(0, 4).map((text) => [text]) },
    );
  });

  it('has nothing that a parser drops', () => {
    fc.assert(
      fc.property(
        any,
        fc.constantFrom('\t', '\n', '\r', '\u0000', ' ', '\u200b', '\u202e'),
        fc.nat(),
        (text, odd, at) => {
          const place = at % (text.length + 1);
          expect(redirectUrl.accepts(text.slice(0, place) + odd + text.slice(place))).toBe(false);
        },
      ),
      { seed: 10, numRuns: 2_000 },
    );
  });

  it('never begins with a scheme of the system, nor does the link in it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SYSTEM),
        fc.constantFrom('', 'myshop:', 'myshop://', 'MyShop:'),
        (text, before) => {
          expect(redirectUrl.accepts(before + text)).toBe(false);
        },
      ),
      { seed: 11, numRuns: 500 },
    );
  });
});
