import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const app = express();
app.get('/health', (_request, response) => response.json({}));
// The mount path is taken off, as its documentation shows.
app.use('/v3/acme', createProxyMiddleware({ target: process.env.EXTERNAL_URL, changeOrigin: true }));
app.listen(Number(process.env.PORT), '127.0.0.1');
