import { Controller, Get } from '@nestjs/common';
import { DescribeOperation } from '../../http/openapi/operation-description.js';
import { ExternalProviderRegistry } from '../../providers/external-provider.registry.js';
import { RequireScope } from '../../http/require-scope.decorator.js';
import { AdminQuery } from '../admin-parameters.js';
import { type Page, pageOf, positionIn } from '../lists/keyset.js';
import { DEFAULT_LIMIT, PageQuery } from '../lists/list-query.js';
import { type ExternalRecord, externalRecord } from './external-record.js';
import { LIST_EXTERNALS } from './externals-admin.documentation.js';

@Controller('admin/externals')
@RequireScope('admin')
export class ExternalsAdminController {
  constructor(private readonly registry: ExternalProviderRegistry) {}

  @Get()
  @DescribeOperation(LIST_EXTERNALS)
  list(@AdminQuery(PageQuery) query: PageQuery): Page<ExternalRecord> {
    const { limit = DEFAULT_LIMIT } = query;
    const begin = positionIn('externals', query) ?? '';
    const rest = this.registry
      .names()
      .filter((name) => name > begin)
      .toSorted();
    const shown = rest.slice(0, limit);
    const items = shown.flatMap((name) => this.registry.get(name) ?? []).map(externalRecord);
    return pageOf('externals', query, items, rest.length > limit ? shown.at(-1) : undefined);
  }
}
