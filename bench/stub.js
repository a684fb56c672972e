/** The external and the receiver where there is no nginx. It costs more than most of what is measured: say so. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://stub');
  request.resume();
  request.on('end', () => {
    if (pathname === '/receiver') return response.writeHead(204).end();
    const body =
      pathname === '/pay'
        ? { result: 'OK', resultDescription: 'Approved', paymentId: `pm_${randomBytes(16).toString('hex')}` }
        : {
            status: 'ACCEPTED',
            paymentId: searchParams.get('paymentId') ?? '',
            shopTransactionId: 'order-1001',
          };
    const text = JSON.stringify(body);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': text.length }).end(text);
  });
});
server.keepAliveTimeout = 3_600_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
