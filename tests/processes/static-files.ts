/** A web server of one folder, for pages that are tested in a browser. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { Test } from 'tap'

const contentTypes: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }

/** Its origin. */
export const openFiles = async (t: Test, folder: string) => {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '', 'http://files').pathname)
    const text = await readFile(join(folder, path)).catch(() => undefined)
    if (text === undefined) return response.writeHead(404).end()
    return response.setHeader('content-type', contentTypes[extname(path)] ?? 'text/plain').end(text)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
