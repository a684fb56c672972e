import type { NextFunction, Request, RequestHandler, Response } from 'express';

/**
 * Middleware that runs one after the other, each as Express itself would run it: what is thrown or rejected goes to the error
 * handler. As one layer of Express's router, for each of its layers costs more than most of what is in them.
 */
export function inOrder(...handlers: readonly RequestHandler[]): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const run = (index: number): void => {
      const handler = handlers[index];
      if (!handler) return next();
      const running: unknown = handler(request, response, (error?: unknown) => {
        if (error) next(error);
        else run(index + 1);
      });
      // oxlint-disable-next-line promise/no-callback-in-promise -- next is how Express is told of an error
      if (running instanceof Promise) running.catch(next);
    };
    run(0);
  };
}
