import type { FastifyPluginAsync } from 'fastify';
import { createReceiver, type ReceiverOptions } from './notification-receiver.js';
import { MAX_BODY_BYTES, processingError } from './raw-body.js';

/**
 * A plugin whose root route receives notifications:
 * `app.register(fastifyReceiver({ … }), { prefix: '/hooks/tollgate' })`. The other routes keep their parsers of bodies.
 * What `process` throws goes to the application's error handler.
 */
export function fastifyReceiver<Transaction>(options: ReceiverOptions<Transaction>): FastifyPluginAsync {
  const receiver = createReceiver(options);
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    app.post('/', async (request, reply) => {
      const rawBody = request.body instanceof Uint8Array ? request.body : new Uint8Array();
      try {
        const { status, ...receipt } = await receiver.receive(rawBody, request.headers);
        return await reply.code(status).send(receipt);
      } catch (error) {
        throw processingError(error);
      }
    });
  };
}
