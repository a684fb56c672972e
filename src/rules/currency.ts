/**
 * ISO 4217 alphabetic codes by the number of digits of their minor unit: EUR 2, JPY 0, KWD 3. Codes withdrawn in the
 * last years (ANG, BGN, SLL, ZWL) stay, because their payments can still be refunded. The last row has no minor unit
 * in the standard (metals, test and no currency): their amounts count whole units.
 */
const CODES_BY_DIGITS: Readonly<Record<number, string>> = {
  0:
    'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF ' +
    'XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX',
  2:
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF ' +
    'CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF ' +
    'IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN ' +
    'MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL ' +
    'SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ' +
    'ZWG ZWL',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const DIGITS_BY_CODE: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_BY_DIGITS).flatMap(([digits, codes]) =>
    codes.split(' ').map((code): [string, number] => [code, Number(digits)]),
  ),
);

/** Every accepted code, sorted, for the API's documentation. */
export const CURRENCY_CODES: readonly string[] = [...DIGITS_BY_CODE.keys()].toSorted();

/**
 * Digits of the currency's minor unit (EUR 2: `1299` is 12.99), or undefined for what is no ISO 4217 code. Case
 * matters.
 */
export function minorUnitDigits(currency: string): number | undefined {
  return DIGITS_BY_CODE.get(currency);
}
