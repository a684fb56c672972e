import type { SchemaKeywords } from '../rules/rule.js';
import type { OperationDescription, RawAnswerDescription } from '../http/openapi/operation-description.js';

const COMPONENT_STATES: SchemaKeywords = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    required: ['status'],
    properties: { status: { type: 'string', enum: ['up', 'degraded', 'down'] } },
    additionalProperties: true,
  },
};

/** The body of @nestjs/terminus. */
const HEALTH: SchemaKeywords = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string', enum: ['ok', 'degraded', 'error', 'shutting_down'] },
    info: { ...COMPONENT_STATES, description: 'The components that are up or degraded.' },
    error: { ...COMPONENT_STATES, description: 'The components that are down.' },
    details: { ...COMPONENT_STATES, description: 'All components.' },
  },
};

function health(description: string, name: string, value: object): RawAnswerDescription {
  return {
    description,
    content: { 'application/json': { schema: HEALTH, examples: { [name]: { summary: name, value } } } },
  };
}

export const LIVE: OperationDescription = {
  id: 'getLiveness',
  tag: 'Operating',
  summary: 'Check liveness',
  description:
    'For a liveness probe: when there is no answer, a restart may help. No dependency is checked. It needs a key, and so can answer 401 and 503, only if `PUBLIC_PATHS` leaves its path out.',
  answer: health('The process is alive', 'alive', { status: 'ok' }),
};

const UP = { gateway: { status: 'up' }, database: { status: 'up' } };
const DATABASE_DOWN = { database: { status: 'down', message: 'cannot be used now' } };

export const READY: OperationDescription = {
  id: 'getReadiness',
  tag: 'Operating',
  summary: 'Check readiness',
  description:
    'For a readiness probe: checks the database, the registry of externals and the workers. Externals are reported, but do not make the gateway unready; their names only to a key, and on the listener of `METRICS_PORT`.',
  answer: health('The service is ready', 'ready', { status: 'ok', info: UP, error: {}, details: UP }),
  otherAnswers: {
    503: health('At least one dependency is unavailable; see `error`', 'unready', {
      status: 'error',
      info: { gateway: { status: 'up' } },
      error: DATABASE_DOWN,
      details: { gateway: { status: 'up' }, ...DATABASE_DOWN },
    }),
  },
};

export const METRICS: OperationDescription = {
  id: 'getMetrics',
  tag: 'Operating',
  summary: 'Retrieve the metrics',
  description:
    'All metrics in the text format of Prometheus, up to a second old. Without a key, those with the label `external` are absent.',
  answer: {
    description: 'The metrics',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        examples: {
          requests: {
            summary: 'One metric',
            value: '# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 12.5\n',
          },
        },
      },
    },
  },
};
