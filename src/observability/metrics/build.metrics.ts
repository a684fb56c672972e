import { Injectable } from '@nestjs/common';
import { VERSION } from '../version.js';
import { Metrics } from './metrics.js';

/** The version of this build. */
@Injectable()
export class BuildMetrics {
  constructor(metrics: Metrics) {
    const labels = { version: VERSION, node: process.versions.node };
    metrics.gauge(
      'tollgate_build_info',
      'Always 1; version and node are its labels.',
      () => [{ labels, value: 1 }],
      ['version', 'node'],
    );
  }
}
