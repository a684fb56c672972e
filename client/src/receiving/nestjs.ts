import {
  Controller,
  type DynamicModule,
  HttpCode,
  HttpException,
  Inject,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  Post,
  Req,
} from '@nestjs/common';
import {
  createReceiver,
  type NotificationReceiver,
  type Receipt,
  type ReceiverOptions,
} from './notification-receiver.js';
import { type NodeRequest, processingError, rawBodyOf, TOO_LARGE } from './raw-body.js';

interface RouteOptions {
  /** The path of the route. Default `hooks/tollgate`. */
  readonly path?: string | undefined;
}

/** {@link ReceiverOptions} from the application's own providers. */
export interface AsyncReceiverOptions<Transaction, Injected extends unknown[]>
  extends RouteOptions, Pick<ModuleMetadata, 'imports'> {
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (
    ...injected: Injected
  ) => ReceiverOptions<Transaction> | Promise<ReceiverOptions<Transaction>>;
}

const RECEIVER = Symbol('tollgate.notification-receiver');

/**
 * A module with a route that receives notifications. The application must keep the bytes of bodies:
 * `NestFactory.create(AppModule, { rawBody: true })`. What `process` throws goes to the exception filters.
 */
@Module({})
export class TollgateReceiverModule {
  static register<Transaction>(options: ReceiverOptions<Transaction> & RouteOptions): DynamicModule {
    return TollgateReceiverModule.registerAsync({ path: options.path, useFactory: () => options });
  }

  static registerAsync<Transaction, Injected extends unknown[]>({
    path = 'hooks/tollgate',
    imports = [],
    inject = [],
    useFactory,
  }: AsyncReceiverOptions<Transaction, Injected>): DynamicModule {
    const useReceiver = async (...injected: Injected): Promise<NotificationReceiver> =>
      createReceiver(await useFactory(...injected));
    return {
      module: TollgateReceiverModule,
      imports,
      controllers: [controllerAt(path)],
      providers: [{ provide: RECEIVER, inject, useFactory: useReceiver }],
    };
  }
}

function controllerAt(path: string): new (receiver: NotificationReceiver) => object {
  @Controller(path)
  class TollgateReceiverController {
    constructor(@Inject(RECEIVER) readonly receiver: NotificationReceiver) {}

    @Post()
    @HttpCode(200)
    async receive(@Req() request: NodeRequest & { raw?: NodeRequest }): Promise<object> {
      const { status, ...receipt } = await this.#receipt(request);
      if (receipt.result === 'refused') throw new HttpException(receipt, status);
      return receipt;
    }

    async #receipt(request: NodeRequest & { raw?: NodeRequest }): Promise<Receipt> {
      try {
        // Fastify's request has the bytes, and Node's request in `raw`.
        const rawBody = await rawBodyOf(request.rawBody === undefined ? (request.raw ?? request) : request);
        return rawBody ? await this.receiver.receive(rawBody, request.headers) : TOO_LARGE;
      } catch (error) {
        throw processingError(error);
      }
    }
  }
  return TollgateReceiverController;
}
