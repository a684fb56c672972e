import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { Problem, PROBLEM_CODES, type ProblemCode } from '../problems/problem.js';
import { basePathOf } from './base-path.js';
import { escapeHtml, htmlPage } from './html-page.js';
import type { TextAnswer } from './http-answer.js';
import { PROBLEM_CATALOGUE } from './problem-catalogue.js';

/** `/problems/{code}`: what each problem's `type` leads to (RFC 9457 §3.1.1). */
@Controller('problems')
export class ProblemPagesController {
  @Get()
  list(@Req() request: Request): TextAnswer {
    const items = PROBLEM_CODES.map((code) => {
      const { status, title } = PROBLEM_CATALOGUE[code];
      return `<li><a href="${basePathOf(request)}/problems/${code}">${code}</a><span>${status}: ${escapeHtml(title)}</span></li>`;
    });
    return htmlPage('Problems', `<h1>Problems</h1>\n<ul class="links">\n${items.join('\n')}\n</ul>`);
  }

  @Get(':code')
  show(@Req() request: Request, @Param('code') code: string): TextAnswer {
    if (!Object.hasOwn(PROBLEM_CATALOGUE, code)) throw new Problem('not-found', 'There is no such problem.');
    const { status, title, explanation } = PROBLEM_CATALOGUE[code as ProblemCode];
    return htmlPage(
      title,
      `<h1>${escapeHtml(title)}</h1>
<p class="dim"><code>${code}</code>, status ${status}</p>
<p>${withCode(explanation)}</p>
<p><a href="${basePathOf(request)}/problems">All problems</a></p>`,
    );
  }
}

function withCode(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}
