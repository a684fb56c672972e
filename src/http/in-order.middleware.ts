import type { NextFunction, Request, RequestHandler, Response } from 'express';

/**
 * Runs handlers one after the other as Express would, errors and rejections included, but as one layer of its router:
 * each layer costs more CPU time than most of these handlers.
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
      // oxlint-disable-next-line promise/no-callback-in-promise -- Express receives errors through next
      if (running instanceof Promise) running.catch(next);
    };
    run(0);
  };
}
