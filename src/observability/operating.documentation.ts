import type { SchemaKeywords } from '../rules/rule.js';
import type { OperationDescription, RawAnswerDescription } from '../http/openapi/operation-description.js';

const PARTS: SchemaKeywords = {
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
    info: { ...PARTS, description: 'The parts that are up, or degraded.' },
    error: { ...PARTS, description: 'The parts that are down.' },
    details: { ...PARTS, description: 'All parts.' },
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
  summary: 'Is the process alive',
  description:
    'For a liveness probe: where it does not answer, a restart may help. Nothing else is looked at.',
  answer: health('It is', 'alive', { status: 'ok' }),
};

const UP = { gateway: { status: 'up' }, database: { status: 'up' } };
const DATABASE_DOWN = { database: { status: 'down', message: 'cannot be used now' } };

export const READY: OperationDescription = {
  id: 'getReadiness',
  tag: 'Operating',
  summary: 'Should requests be sent here',
  description:
    'For a readiness probe: database, registry and workers. Externals are reported, and none of them makes the gateway unready.',
  answer: health('They should', 'ready', { status: 'ok', info: UP, error: {}, details: UP }),
  otherAnswers: {
    503: health('Not now', 'unready', {
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
  summary: 'Metrics for Prometheus',
  description: 'In the text format of Prometheus.',
  answer: {
    description: 'The metrics',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        examples: {
          requests: {
            summary: 'One of them',
            value: '# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 12.5\n',
          },
        },
      },
    },
  },
};
