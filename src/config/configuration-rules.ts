import { displayText } from './display.js';
import { VARIABLES, type Values, type VariableName } from './variables.js';

/** The texts of the variables that are set, and the values of those that are valid. */
export interface Given {
  readonly production: boolean;
  readonly texts: Readonly<Partial<Record<VariableName, string>>>;
  readonly values: Partial<Values>;
}

type ConfigurationRule = (given: Given) => readonly string[];

const neededInProduction: ConfigurationRule = ({ production, texts }) => {
  const names = ['EXTERNAL_PROVIDERS_CONFIG', 'PAYMENT_CALLBACK_URL', 'NOTIFICATION_SECRET'] as const;
  return names
    .filter((name) => production && texts[name] === undefined)
    .map(
      (name) =>
        `${name}: must be set when NODE_ENV=production, to ${VARIABLES[name].rule.allowed}; got nothing`,
    );
};

/** `required` without credentials to check would refuse every caller, and tempt the operator to disable it. */
const credentialsForRequiredAuth: ConfigurationRule = ({ production, texts }) => {
  if ((texts.API_AUTH ?? (production ? 'required' : 'optional')) !== 'required') return [];
  if ([texts.API_KEYS, texts.API_KEYS_FILE, texts.OIDC_ISSUER].some((text) => text !== undefined)) return [];
  const origin = texts.API_AUTH === undefined ? ' (the default when NODE_ENV=production)' : '';
  return [
    `API_AUTH: "required"${origin} must come with credentials to check: ` +
      `API_KEYS, API_KEYS_FILE, or OIDC_ISSUER and OIDC_AUDIENCE; got none of them`,
  ];
};

const oidcInPairs: ConfigurationRule = ({ texts }) =>
  (
    [
      ['OIDC_AUDIENCE', 'OIDC_ISSUER'],
      ['OIDC_ISSUER', 'OIDC_AUDIENCE'],
    ] as const
  )
    .filter(([missing, given]) => texts[missing] === undefined && texts[given] !== undefined)
    .map(([missing, given]) => `${missing}: must be set where ${given} is set; got nothing`);

/** Notifications and the issuer's keys decide about money, and must be encrypted in transit. */
const httpsInProduction: ConfigurationRule = ({ production, values }) =>
  (['PAYMENT_CALLBACK_URL', 'OIDC_ISSUER'] as const)
    .filter((name) => {
      const url = production ? URL.parse(values[name] ?? '') : null;
      return url?.protocol === 'http:' && !values.ALLOW_HTTP_HOSTS?.includes(url.hostname);
    })
    .map(
      (name) =>
        `${name}: must be an https URL when NODE_ENV=production, or its host listed in ALLOW_HTTP_HOSTS; ` +
        `got ${displayText(values[name]!)}`,
    );

const enabledProvidersOfAFile: ConfigurationRule = ({ production, texts, values }) => {
  const names = values.ENABLED_PROVIDERS;
  if (production || texts.EXTERNAL_PROVIDERS_CONFIG !== undefined || !names) return [];
  if (names.every((name) => name === 'simulator')) return [];
  return [
    `ENABLED_PROVIDERS: must be simulator where EXTERNAL_PROVIDERS_CONFIG is not set; ` +
      `got ${displayText(texts.ENABLED_PROVIDERS!)}`,
  ];
};

/** The rules that concern more than one variable (SPEC §6). */
export const CONFIGURATION_RULES: readonly ConfigurationRule[] = [
  neededInProduction,
  credentialsForRequiredAuth,
  oidcInPairs,
  httpsInProduction,
  enabledProvidersOfAFile,
];
