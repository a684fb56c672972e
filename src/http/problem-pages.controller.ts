import { Controller, Get, Param } from '@nestjs/common';
import { TextAnswer } from './http-answer.js';
import { Problem, PROBLEM_CODES, type ProblemCode } from '../problems/problem.js';
import { PROBLEM_CATALOGUE } from './problem-catalogue.js';

/** `/problems/{code}`: what each problem's `type` leads to (RFC 9457 §3.1.1). */
@Controller('problems')
export class ProblemPagesController {
  @Get()
  list(): TextAnswer {
    const items = PROBLEM_CODES.map(
      (code) =>
        `<li><a href="/problems/${code}">${code}</a> (${PROBLEM_CATALOGUE[code].status}): ${PROBLEM_CATALOGUE[code].title}</li>`,
    );
    return page('Problems', `<ul>${items.join('')}</ul>`);
  }

  @Get(':code')
  show(@Param('code') code: string): TextAnswer {
    if (!Object.hasOwn(PROBLEM_CATALOGUE, code)) throw new Problem('not-found', 'There is no such problem.');
    const { status, title, explanation } = PROBLEM_CATALOGUE[code as ProblemCode];
    return page(
      title,
      `<p><code>${code}</code>, status ${status}</p><p>${withCode(explanation)}</p><p><a href="/problems">All problems</a></p>`,
    );
  }
}

function withCode(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function page(title: string, content: string): TextAnswer {
  const html =
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${title} – Tollgate</title>` +
    `<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em}</style>` +
    `<h1>${title}</h1>${content}</html>`;
  return new TextAnswer(200, html, 'text/html; charset=utf-8', {
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
  });
}
