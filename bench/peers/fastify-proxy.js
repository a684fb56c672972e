import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

const app = fastify();
app.get('/health', async () => ({}));
app.register(proxy, { upstream: process.env.EXTERNAL_URL, prefix: '/v3/acme' });
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
