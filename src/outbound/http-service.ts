import { STATUS_CODES } from 'node:http';
import { HttpService } from '@nestjs/axios';
import axios, { AxiosError, AxiosHeaders, type AxiosAdapter } from 'axios';
import { Exchange } from './exchange.js';
import type { OutboundClient } from './outbound-client.js';

/**
 * Nest's `HttpService` over the outbound client: axios as its users know it (interceptors, `validateStatus`,
 * `timeout`, `signal`), with the client's guard and limits. Bodies are text; redirects are answers. For calls that
 * are neither frequent nor carry credentials: it costs 15 µs per call, and an `AxiosError` holds the whole request
 * (docs/adr/0007-outbound-http.md).
 */
export function outboundHttpService(client: OutboundClient): HttpService {
  return new HttpService(axios.create({ adapter: adapterOf(client), responseType: 'text' }));
}

function adapterOf(client: OutboundClient): AxiosAdapter {
  return async (config) => {
    const { origin, pathname, search } = new URL(axios.getUri(config));
    const request = {
      method: (config.method ?? 'get').toUpperCase(),
      origin,
      target: pathname + search,
      headers: config.headers.toJSON() as Record<string, string>,
      body: config.data as string | undefined,
    };
    const exchange = new Exchange(request, {
      ...(config.timeout && { timeoutMs: config.timeout }),
      ...(config.signal && { signal: config.signal as AbortSignal }),
    });
    const { status, headers, body } = await client.send(exchange);
    const response = {
      data: body.toString(),
      status,
      statusText: STATUS_CODES[status] ?? '',
      headers: AxiosHeaders.from(headers as Record<string, string>),
      config,
    };
    if (!config.validateStatus || config.validateStatus(status)) return response;
    const code = status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE;
    throw new AxiosError(`Request failed with status code ${status}`, code, config, undefined, response);
  };
}
