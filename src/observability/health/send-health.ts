import type { Response } from 'express';

export function sendHealth(response: Response, healthy: boolean, body: object): void {
  response.statusCode = healthy ? 200 : 503;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify(body));
}
