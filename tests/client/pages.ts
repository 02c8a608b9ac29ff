/** A server of pages on an origin of its own: the compiled files and the packages as they are, no bundler. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.resolve('#root/package.json')))

/**
 * Where the packages of the client are; bcryptjs asks for crypto only where there is no WebCrypto. twofish-ts is not
 * among them: it is CommonJS, which a page reads through a bundler only, and loaded for one suite alone.
 */
const imports: Record<string, string> = {
  bcryptjs: '/node_modules/bcryptjs/index.js',
  crypto: 'data:text/javascript,export default undefined',
  otplib: '/node_modules/otplib/dist/index.js',
  '@scure/base': '/node_modules/@scure/base/index.js',
  ...Object.fromEntries(
    ['core', 'hotp', 'totp', 'uri', 'plugin-base32-scure', 'plugin-crypto-noble'].map((name) => [
      `@otplib/${name}`,
      `/node_modules/@otplib/${name}/dist/index.js`,
    ]),
  ),
  ...Object.fromEntries(
    ['hashes', 'ciphers', 'curves'].map((name) => [`@noble/${name}/`, `/node_modules/@noble/${name}/`]),
  ),
}

const page = (folder: string) => `<!doctype html><meta charset="utf-8"><title>torii</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="${folder}/dist/tests/client/page.js"></script>`

const resolve = (name: string): string => {
  const folder = Object.keys(imports).find((key) => key.endsWith('/') && name.startsWith(key))
  if (folder === undefined) return imports[name] ?? name
  return imports[folder] + name.slice(folder.length)
}

/** Import maps don't reach workers, so for these files the map is applied before they are served. */
const applyMap = (script: string) =>
  script.replace(/(\bfrom\s*|\bimport\s*)(["'])([^"'./][^"']*)\2/g, (_, before, quote, name) => {
    const target = resolve(name)
    return `${before}${quote}${target.startsWith('/') ? `/mapped${target}` : target}${quote}`
  })

/** `/plain.html` leaves everything to the import map; the packages of `/mapped.html` are found by workers too. */
export const openPages = async () => {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '', 'http://pages').pathname)
    const isMapped = path.startsWith('/mapped/')
    const file = isMapped ? path.slice('/mapped'.length) : path
    const html = { '/plain.html': page(''), '/mapped.html': page('/mapped') }[path]
    if (html) return response.setHeader('content-type', 'text/html').end(html)
    if (!/^\/(dist|node_modules)\/.*\.js$/.test(file)) return response.writeHead(404).end()
    const script = await readFile(join(root, file), 'utf8').catch(() => undefined)
    if (script === undefined) return response.writeHead(404).end()
    return response.setHeader('content-type', 'text/javascript').end(isMapped ? applyMap(script) : script)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
