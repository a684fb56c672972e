import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express, { type Express } from 'express';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { Admission, endAdmissionWithAnswer } from './http/admission.js';
import { AnswerAdapter } from './http/answer.adapter.js';
import { setBasePath } from './http/base-path.js';
import { clientNetworkOf, isTrustedProxy, trustProxies } from './http/client-address.js';
import { inOrder } from './http/in-order.middleware.js';
import { requestLimits } from './http/request-limits.middleware.js';
import { connectionsWithin, limitConnections } from './http/connections.js';
import { PublicListener } from './http/public-listener.js';
import { applyLimits } from './http/server-limits.js';
import { ApiDocument } from './http/openapi/api-document.js';
import { requestContext } from './http/request-context.middleware.js';
import { ShutdownState } from './http/shutdown-state.js';
import { type LogOutput, standardOutput } from './observability/logging/log-output.js';
import { createLog } from './observability/logging/log.js';
import { nestLogger } from './observability/logging/nest.logger.js';
import { RequestTelemetry } from './observability/request.telemetry.js';
import { openTracer } from './observability/tracing/open-tracer.js';
import { VERSION } from './observability/version.js';
import type { Store } from './persistence/store.js';
import { ExternalProviderRegistry } from './providers/external-provider.registry.js';
import { authentication, type AuthenticationParts } from './security/authentication.middleware.js';
import { CallbackAuthenticator } from './security/callback-authenticator.js';
import { CredentialFailures } from './security/credential-failures.js';
import { Callers } from './security/callers.js';
import { securityHeaders } from './security/security-headers.js';
import { SecurityMetrics } from './security/security.metrics.js';
import { Clock, SystemClock } from './shared/clock.js';

/** The parts that tests replace. */
export interface AppOptions {
  readonly clock?: Clock;
  /** The output of log lines. Default: standard output. */
  readonly logOutput?: LogOutput;
  /** Takes the place of the database of the configuration. */
  readonly store?: Store;
}

/** Creates the gateway, ready to listen: the same one for `main.ts` and for every test. */
export async function createApp(
  config: Config,
  { clock = new SystemClock(), logOutput: output, store }: AppOptions = {},
): Promise<NestExpressApplication> {
  const logOutput = output ?? (await standardOutput());
  const log = createLog(config.logLevel, logOutput, clock);
  const tracer = await openTracer(config.otlpEndpoint, VERSION);
  const ownExpress = expressApp(config);
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.register(config, clock, { log, logOutput, tracer }, store),
    new AnswerAdapter(ownExpress),
    { bodyParser: false, abortOnError: false, logger: nestLogger(log) },
  );
  app.get(ApiDocument).describe(app);
  const metrics = app.get(SecurityMetrics);
  const server: Server = app.getHttpServer();
  const admission = app.get(Admission);
  applyLimits(server, { clock, onUnreadable: (status) => metrics.countUnreadableRequest(status) });
  admission.guard(server, (request) => clientNetworkOf(ownExpress, request));
  app.get(PublicListener).refuses = limitConnections(server, {
    maxConnections: connectionsWithin(config.http.maxConnections),
    isProxy: (address) => isTrustedProxy(ownExpress, address),
    onDrop: () => metrics.countDroppedConnection(),
    refuse: (request, response) => admission.refuse(request, response),
  });
  app.use(
    inOrder(
      requestContext(clock),
      app.get(RequestTelemetry).middleware,
      securityHeaders(),
      requestLimits,
      app.get(ShutdownState).middleware,
      authentication(authenticationParts(app, config, metrics)),
    ),
  );
  return app;
}

/** Authenticates callers by their credentials, and externals by the `callbackAuth` of their current configuration. */
function authenticationParts(
  app: INestApplication,
  { http, callers }: Config,
  metrics: SecurityMetrics,
): AuthenticationParts {
  const registry = app.get(ExternalProviderRegistry);
  const namesAreOpen = callers.auth !== 'required';
  return {
    publicPaths: http.publicPaths,
    callers: app.get(Callers),
    callbacks: new CallbackAuthenticator(
      (name) => registry.get(name)?.config,
      app.get(Clock),
      metrics,
      namesAreOpen,
    ),
    metrics,
    failures: new CredentialFailures(app.get(Clock)),
  };
}

/** Disables Express features that the contract does not use; paths match exactly (SPEC §6). */
function expressApp(config: Config): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  endAdmissionWithAnswer(app.response);
  setBasePath(app, config.http.basePath);
  if (config.http.trustProxy !== undefined) trustProxies(app, config.http.trustProxy);
  return app;
}
