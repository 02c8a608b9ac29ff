/** The second kind of route, pages: HTML for people, redirects and files. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { catalogue, Failure } from '../protocol/errors.ts'
import type { Caller } from './caller.ts'
import { type ConfirmPage, layOut, type PlainPage, toPlain } from './page-layout.ts'
import { readParameters } from './parameters.ts'
import { isOnThisMachine } from './privacy.ts'

export type PageRequest = {
  caller: Caller
  /** As it was called, without the query. */
  path: string
  /** The query of a GET, the form of a POST. A name that comes twice is refused. */
  parameters: ReadonlyMap<string, string>
  /** Scripts and styles run only with this attribute: `<script nonce="…">`. It is new for each reply. */
  nonce: string
}

export type PageReply =
  | { html: string; status?: number }
  | (PlainPage & { status?: number })
  | ConfirmPage
  | { redirectTo: string }
  | { file: string | Uint8Array; type: string; cacheSeconds: number }

/** A page as data. It has the same ban, rate limit and access log as an operation, and refuses in HTML. */
export type Page = {
  path: string
  method: 'GET' | 'POST'
  /** Row of the limits in the configuration. */
  limit: string
  /** Not there for anyone else: not for a proxy on this machine either, and under no other host name. */
  isForThisMachine?: true
  /** It takes secrets: refused where plain calls are. */
  isPrivate?: true
  render(request: PageRequest): PageReply | Promise<PageReply>
}

export type PageNeeds = {
  pages: readonly Page[]
  drawNonce(): string
  /** Throws ENCRYPTION_REQUIRED. */
  checkPrivate(request: FastifyRequest): void
}

/** Nothing loads, runs, frames or is framed but what the page itself brings. */
const contentSecurityPolicy = (nonce: string) =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Sends HTML whose scripts and styles carry the nonce. */
export const sendHtml = (reply: FastifyReply, html: string, nonce: string) =>
  reply
    .header('content-security-policy', contentSecurityPolicy(nonce))
    .type('text/html; charset=utf-8')
    .send(html)

const sendPage = (reply: FastifyReply, page: PageReply, { language }: Caller, nonce: string) => {
  if ('redirectTo' in page) return reply.redirect(page.redirectTo, 303)
  if ('confirm' in page) return sendHtml(reply, layOut(toPlain(page), language, nonce), nonce)
  if ('title' in page) return sendHtml(reply.code(page.status ?? 200), layOut(page, language, nonce), nonce)
  if ('html' in page) return sendHtml(reply.code(page.status ?? 200), page.html, nonce)
  return reply
    .headers({ 'cache-control': `public, max-age=${page.cacheSeconds}` })
    .type(page.type)
    .send(typeof page.file === 'string' ? page.file : Buffer.from(page.file))
}

export const registerPages = (app: FastifyInstance, { pages, drawNonce, checkPrivate }: PageNeeds) => {
  for (const page of pages) {
    app.route({
      method: page.method,
      url: page.path,
      config: { page, limit: page.limit },
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        if (page.isForThisMachine && !isOnThisMachine(request)) throw new Failure('OPERATION_UNKNOWN')
        if (page.isPrivate) checkPrivate(request)
        const nonce = drawNonce()
        const [path = ''] = (request.raw.url ?? '').split('?')
        const read = readParameters(request)
        const parameters = read.kind === 'form' ? read.values : new Map<string, string>()
        const rendered = await page.render({ caller: request.caller, path, parameters, nonce })
        request.outcome = catalogue.OK
        return sendPage(reply, rendered, request.caller, nonce)
      },
    })
  }
}
