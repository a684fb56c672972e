import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import type { Request } from 'express';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { basePathOf } from '../http/base-path.js';
import { escapeHtml, htmlPage } from '../http/html-page.js';
import type { TextAnswer } from '../http/http-answer.js';
import { VERSION } from '../observability/version.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';

interface Link {
  /** The name in the JSON answer. */
  readonly name: string;
  readonly href: string;
  readonly title: string;
  readonly text: string;
}

/** What programs get at `/`. */
interface Overview {
  readonly name: 'Tollgate';
  readonly version: string;
  readonly links: Readonly<Record<string, string>>;
}

/** `/`: where everything else is, as a page for browsers and as JSON for programs (SPEC §9). */
@Controller()
export class LandingController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly registry: ExternalProviderRegistry,
  ) {}

  @Get()
  @Header('Vary', 'Accept')
  landing(@Req() request: Request): Overview | TextAnswer {
    const links = this.#links(basePathOf(request));
    // JSON first: programs accept anything, browsers name HTML.
    if (request.accepts('application/json', 'text/html') === 'text/html') return page(links);
    const hrefs = Object.fromEntries(links.map(({ name, href }) => [name, href]));
    return { name: 'Tollgate', version: VERSION, links: hrefs };
  }

  #links(base: string): Link[] {
    const simulator = this.#simulatorUrl();
    return [
      {
        name: 'documentation',
        href: `${base}/documentation`,
        title: 'Documentation',
        text: 'Every operation of the API, to read and to try.',
      },
      {
        name: 'openapi',
        href: `${base}/documentation/openapi.json`,
        title: 'OpenAPI document',
        text: 'The same for programs: OpenAPI 3.1.',
      },
      ...(this.config.console.enabled
        ? [
            {
              name: 'console',
              href: `${base}/console/`,
              title: 'Console',
              text: 'Payments, items of attention and their resolution, for operators.',
            },
          ]
        : []),
      ...(simulator === undefined
        ? []
        : [
            {
              name: 'simulator',
              href: simulator,
              title: 'Simulator',
              text: 'What the bundled external executed, and what the receiver was notified of.',
            },
          ]),
      {
        name: 'readiness',
        href: `${base}/health/ready`,
        title: 'Health',
        text: 'Whether the gateway and its database are ready.',
      },
      {
        name: 'liveness',
        href: `${base}/health/live`,
        title: 'Liveness',
        text: 'Whether the process is alive.',
      },
      {
        name: 'metrics',
        href: `${base}/metrics`,
        title: 'Metrics',
        text: 'In the text format of Prometheus.',
      },
      {
        name: 'problems',
        href: `${base}/problems`,
        title: 'Problems',
        text: 'What each error code means, and what to do.',
      },
    ];
  }

  /** The index page of the bundled simulator, which is the only external then. */
  #simulatorUrl(): string | undefined {
    if (this.config.externals.kind !== 'simulator') return undefined;
    const url = this.registry.get('simulator')?.config.baseUrl;
    return url === undefined ? undefined : `${url}/`;
  }
}

function page(links: readonly Link[]): TextAnswer {
  const items = links.map(
    ({ href, title, text }) =>
      `<li><a href="${escapeHtml(href)}">${escapeHtml(title)}</a><span>${escapeHtml(text)}</span></li>`,
  );
  return htmlPage(
    'Payment gateway',
    `<h1>Tollgate</h1>
<p>One REST contract in front of many payment services.</p>
<p class="dim">Version ${escapeHtml(VERSION)}</p>
<ul class="links">
${items.join('\n')}
</ul>`,
  );
}
