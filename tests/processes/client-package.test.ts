/** The SDK as an app gets it: run in Node, typed, bundled. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { build, type Rolldown } from 'vite'
import { openEmbedded } from '../client/worlds.ts'
import { spawnServer } from '../harness/test-server.ts'
import { openPackedApp, root, run } from './packed-client.ts'

const maxMainBytes = 40 * 1_024

t.setTimeout(300_000)

const round = (name: string) => `import { createClient, isFailure } from '${name}'
const [url, appId, appSecret, userName] = process.argv.slice(2)
const client = createClient({ url, appId, appSecret, minimumKdfCost: 4 })
await client.exchangeKeys()
await client.register({ userName, password: 'correct horse' })
const { user } = await client.session()
await client.logout()
const ended = await client.session().catch((error) => error)
console.log(user.userName, isFailure(ended, 'NOT_LOGGED_IN'))
`

const typed = `import { createClient, isFailure, type Client } from '@torii/client'
import { createVerifier } from '@torii/client/backend'
const client: Client = createClient({ url: 'https://login.example.com', appId: 'a', appSecret: 'b' })
export const name: Promise<string> = client.session().then(({ user }) => user.userName)
export const tier: Promise<string | undefined> = client.call('/v1/session').then((reply) => reply.tier)
export const check = createVerifier({ url: 'https://login.example.com', appId: 'a', appSecret: 'b' }).check
// @ts-expect-error there is no such code
isFailure(undefined, 'LOGIN_FAILD')
`

const resolutions = [
  { module: 'esnext', moduleResolution: 'bundler' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'node16', moduleResolution: 'node16' },
]

const isChunk = (it: Rolldown.OutputChunk | Rolldown.OutputAsset): it is Rolldown.OutputChunk =>
  it.type === 'chunk'

/** An entry and what it imports at once, without what it loads later. */
const findMain = (chunks: Rolldown.OutputChunk[]) => {
  const names = new Set<string>()
  const add = (name: string) => {
    if (names.has(name)) return
    names.add(name)
    for (const next of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) add(next)
  }
  add(chunks.find(({ isEntry }) => isEntry)?.fileName ?? '')
  return chunks.filter(({ fileName }) => names.has(fileName))
}

t.test('the packed SDK', async (t) => {
  const { app, installed, manifest } = await openPackedApp(t)
  t.same(
    Object.keys(manifest.dependencies),
    ['@noble/ciphers', '@noble/curves', '@noble/hashes'],
    'three dependencies',
  )

  t.test('runs a whole round in Node, as modules and as one file', async (t) => {
    const world = await openEmbedded({ TORII__PASSWORD__COST: '4' })
    const server = await spawnServer(world.environment)
    t.teardown(async () => {
      await server.stop()
      await world.close()
    })
    const { appId, appSecret } = world.app
    for (const [at, name] of ['@torii/client', '@torii/client/client.min.js'].entries()) {
      await writeFile(join(app, 'round.js'), round(name))
      const words = ['round.js', server.url, appId, appSecret, `amber-${at}`]
      const { stdout } = await run(process.execPath, words, { cwd: app })
      t.equal(stdout.trim(), `amber-${at} true`, name)
    }
  })

  t.test('every worker that it starts is in it', async (t) => {
    const files = await readdir(installed)
    const text = await readFile(join(installed, 'index.js'), 'utf8')
    const workers = [...text.matchAll(/new URL\("\.\/([^"]+)", import\.meta\.url\)/g)].map(([, name]) => name)
    t.same(workers.sort(), ['kdf-worker.js', 'work-worker.js'])
    t.same(
      workers.filter((name) => !files.includes(name ?? '')),
      [],
    )
  })

  t.test('has types for every module resolution, with and without those of a browser', async (t) => {
    await writeFile(join(app, 'typed.ts'), typed)
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    for (const lib of [['es2022', 'dom'], ['es2022']])
      for (const resolution of resolutions) {
        const compilerOptions = {
          strict: true,
          noEmit: true,
          target: 'es2022',
          types: [],
          lib,
          ...resolution,
        }
        await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
        const { stdout } = await run(process.execPath, [tsc], { cwd: app }).catch(
          (error: { stdout: string }) => error,
        )
        t.equal(stdout, '', `${resolution.moduleResolution}, ${lib.join()}`)
      }
  })

  t.test('a build by Vite keeps the main path small, and loads curves when they are needed', async (t) => {
    await writeFile(join(app, 'index.html'), '<script type="module" src="/main.js"></script>')
    await writeFile(
      join(app, 'main.js'),
      "import { createClient } from '@torii/client'\nglobalThis.c = createClient\n",
    )
    const built = await build({ root: app, logLevel: 'error' })
    const { output } = built as Rolldown.RolldownOutput
    const chunks = output.filter(isChunk)
    const main = findMain(chunks)
    const sizeOf = (codes: string[]) => codes.reduce((sum, code) => sum + gzipSync(code).length, 0)
    const mainBytes = sizeOf(main.map(({ code }) => code))
    t.ok(mainBytes < maxMainBytes, `${mainBytes} bytes`)
    t.ok(chunks.length > main.length, 'the rest is loaded on demand')
    const names = await readdir(join(app, 'dist', 'assets'))
    t.equal(names.filter((name) => /^(kdf|work)-worker-.*\.js$/.test(name)).length, 2, 'both workers')
    const texts = await Promise.all(names.map((name) => readFile(join(app, 'dist', 'assets', name), 'utf8')))
    for (const [at, name] of names.entries()) t.comment(`${name} ${sizeOf([texts[at] ?? ''])} bytes (gzip)`)
    t.comment(`main path ${mainBytes} bytes, all ${sizeOf(texts)} bytes (gzip)`)
  })
})
