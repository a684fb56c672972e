import { externalName, receiverName, serviceUrl } from '../rules/network-rules.js';
import { oneOf } from '../rules/rule.js';
import { ConfigError } from './config-error.js';
import type { ReceiversSource } from './config.js';
import { deepFreeze } from './deep-freeze.js';
import {
  array,
  child,
  draft,
  optional,
  type Place,
  readDocument,
  type Reader,
  refuse,
  required,
  value,
} from './document-reader.js';
import type { Environment } from './environment.js';
import { readTextFile } from './externals-file.js';
import { errorCode } from './placeholder.js';
import { displayText } from './problem-text.js';
import { NOTIFICATION_EVENTS, PAYMENT_CALLBACK, type ReceiverConfig } from './receiver-config.js';
import { weaknessOf } from './weak-secrets.js';
import { webhookSecrets } from './webhook-secrets.js';

interface Entry {
  readonly place: Place;
  readonly receiver: Partial<ReceiverConfig>;
}

const receiver: Reader<Partial<ReceiverConfig>> = draft<ReceiverConfig>({
  name: required(value(receiverName), 'receiver'),
  url: required(value(serviceUrl('allowed'))),
  secrets: required(value(webhookSecrets), 'secret'),
  events: required(
    array(`a non-empty array of ${NOTIFICATION_EVENTS.join(', ')}`, value(oneOf(NOTIFICATION_EVENTS))),
  ),
  externals: optional(array('a non-empty array of names of externals', value(externalName))),
});

const receivers = draft<{ receivers: readonly Entry[] }>({
  receivers: required(
    array('an array of receivers', (entry, place) => ({ place, receiver: receiver(entry, place) ?? {} }), 0),
  ),
});

/**
 * Reads the receivers file and the files that its placeholders name (SPEC §5), deeply frozen.
 *
 * @throws ConfigError with every problem, or with the reason why the file cannot be read
 */
export function readReceiversFile(
  source: ReceiversSource,
  readFile: (path: string) => string = readTextFile,
  env: Environment = process.env,
): readonly ReceiverConfig[] {
  const { path } = source;
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    throw new ConfigError([`${path}#: must be a file that can be read; got ${errorCode(error)}`]);
  }
  return deepFreeze(
    readDocument(text, path, { env, readFile }, (document, place) => {
      const entries = receivers(document, place)?.receivers ?? [];
      refuseTakenNames(entries);
      if (source.production) for (const entry of entries) refuseInProduction(entry, source);
      // Complete where there is no problem; otherwise `readDocument` throws.
      return entries.map((entry) => entry.receiver as ReceiverConfig);
    }),
  );
}

function refuseTakenNames(entries: readonly Entry[]): void {
  const first = new Map<string, string>([[PAYMENT_CALLBACK, 'the receiver of PAYMENT_CALLBACK_URL']]);
  for (const {
    place,
    receiver: { name },
  } of entries) {
    if (name === undefined) continue;
    const taken = first.get(name);
    if (taken === undefined) first.set(name, `at ${place.pointer}`);
    else refuse(child(place, 'receiver'), `must be unique; got ${displayText(name)}, as ${taken}`);
  }
}

/** Notifications decide about money: they are encrypted in transit, and their signature cannot be guessed (SPEC §6). */
function refuseInProduction(
  { place, receiver: { url, secrets = [] } }: Entry,
  source: ReceiversSource,
): void {
  const parsed = URL.parse(url ?? '');
  if (parsed?.protocol === 'http:' && !source.allowHttpHosts.includes(parsed.hostname)) {
    refuse(
      child(place, 'url'),
      'must be an https URL when NODE_ENV=production, or its host listed in ALLOW_HTTP_HOSTS; ' +
        `got ${displayText(url!)}`,
    );
  }
  for (const secret of secrets) {
    const weakness = weaknessOf(secret.reveal());
    if (weakness) refuse(child(place, 'secret'), `${weakness} when NODE_ENV=production; got ***`);
  }
}
