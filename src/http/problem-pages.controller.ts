import { Controller, Get, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Problem, type ProblemCode, PROBLEMS } from '../problems/problem.js';

/** `/problems/{code}`: what each problem's `type` leads to (RFC 9457 §3.1.1). */
@Controller('problems')
export class ProblemPagesController {
  @Get()
  list(@Res() response: Response): void {
    const items = (Object.keys(PROBLEMS) as ProblemCode[]).map(
      (code) =>
        `<li><a href="/problems/${code}">${code}</a> (${PROBLEMS[code].status}): ${PROBLEMS[code].title}</li>`,
    );
    sendPage(response, 'Problems', `<ul>${items.join('')}</ul>`);
  }

  @Get(':code')
  show(@Param('code') code: string, @Res() response: Response): void {
    if (!Object.hasOwn(PROBLEMS, code)) throw new Problem('not-found', 'There is no such problem.');
    const { status, title, explanation } = PROBLEMS[code as ProblemCode];
    sendPage(
      response,
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

function sendPage(response: Response, title: string, content: string): void {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
      `<title>${title} – Tollgate</title>` +
      `<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em}</style>` +
      `<h1>${title}</h1>${content}</html>`,
  );
}
