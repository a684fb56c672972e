import { Controller, Get, Header, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { TextAnswer } from '../../http/http-answer.js';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminQuery } from '../admin-parameters.js';
import { GET_FEED } from './feed.documentation.js';
import { FEED_TYPES, type FeedPage } from './feed-item.js';
import { DEFAULT_LIMIT, FeedQuery } from './feed.query.js';
import { Feed } from './feed.service.js';

const JSON_TYPE = 'application/json';
const NDJSON_TYPE = 'application/x-ndjson';

/** `/admin/feed`: every change once, in the order of commits. */
@Controller('admin/feed')
@RequireScope('admin-read')
export class FeedController {
  constructor(private readonly feed: Feed) {}

  @Get()
  @DescribeOperation(GET_FEED)
  @Header('Vary', 'Accept')
  async read(
    @AdminQuery() { after, types: wanted = new Set(FEED_TYPES), limit = DEFAULT_LIMIT, wait = 0 }: FeedQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FeedPage | TextAnswer> {
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    response.once('close', onClose);
    try {
      const page = await this.feed.page({ after, types: wanted, limit, waitMs: wait * 1_000 }, gone.signal);
      return request.accepts(JSON_TYPE, NDJSON_TYPE) === NDJSON_TYPE ? ndjson(page) : page;
    } finally {
      response.off('close', onClose);
    }
  }
}

/** A line for each change, and the cursor in the last line. */
function ndjson({ items, nextCursor }: FeedPage): TextAnswer {
  const lines = [...items, { nextCursor }].map((line) => JSON.stringify(line));
  return new TextAnswer(200, `${lines.join('\n')}\n`, NDJSON_TYPE);
}
