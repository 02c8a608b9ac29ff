/** A small OAuth 2 server on loopback: it answers as the table of a test says, and keeps what it was asked. */
import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export type Asked = {
  method: string
  path: string
  query: Record<string, string>
  /** Of a form or of JSON. */
  body: Record<string, string>
  headers: IncomingHttpHeaders
}
export type Answer = { status?: number; type?: string; text: string; headers?: Record<string, string> }
/** By method and path, as `GET /user`. Undefined: no answer at all. */
export type Answers = Record<string, (asked: Asked) => Answer | undefined | Promise<Answer | undefined>>

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  text: JSON.stringify(value),
})
export const jsonp = (value: unknown): Answer => ({
  type: 'text/html',
  text: `callback( ${JSON.stringify(value)} );\n`,
})
export const form = (value: Record<string, string>): Answer => ({
  type: 'text/plain',
  text: new URLSearchParams(value).toString(),
})

const readBody = (text: string): Record<string, string> =>
  text.startsWith('{') ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text))

export const openPlainProvider = async (t: Test, answers: Answers) => {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url ?? '', 'http://localhost')
    const call: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: readBody(Buffer.concat(chunks).toString()),
      headers: request.headers,
    }
    asked.push(call)
    const answer = await (
      answers[`${call.method} ${call.path}`] ?? (() => json({ message: 'Not Found' }, 404))
    )(call)
    if (!answer) return
    const { status = 200, type = 'application/json', text, headers } = answer
    response.writeHead(status, { 'content-type': type, ...headers }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, answers }
}

export const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/** Codes of a server that gives one to each user who agrees, and takes each once. */
export const createCodes = () => {
  const open = new Map<string, { user: string; challenge: string }>()
  return {
    give: (user: string, challenge = ''): string => {
      const code = randomUUID()
      open.set(code, { user, challenge })
      return code
    },
    /** The user of a code; undefined for one that is unknown, used, or bound to another verifier. */
    take: (code = '', verifier = ''): string | undefined => {
      const found = open.get(code)
      open.delete(code)
      const isBound = found?.challenge === '' || found?.challenge === challengeOf(verifier)
      return found && isBound ? found.user : undefined
    },
  }
}
