/** The SDK as an app gets it: packed by npm, installed, typed, bundled. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'rolldown'
import t from 'tap'
import { openEmbedded } from '../client/worlds.ts'
import { spawnServer } from '../harness/test-server.ts'

const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
const run = promisify(execFile)
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

/** Builds the package in a copy of the project, so that the build of this run stays as it is. */
const packClient = async (folder: string) => {
  const project = join(folder, 'project')
  for (const name of ['src', 'tools', 'docs/features', 'package.json', 'tsconfig.json', 'LICENSE'])
    await cp(join(root, name), join(project, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'))
  await run(process.execPath, ['tools/build.mjs', '--client'], { cwd: project })
  const packed = await run('npm', ['pack', './dist/client-package', '--json', '--pack-destination', folder], {
    cwd: project,
  })
  return join(folder, JSON.parse(packed.stdout)[0].filename)
}

/** What `npm install` does with the archive, without a registry. */
const installClient = async (archive: string, app: string) => {
  const target = join(app, 'node_modules', '@torii', 'client')
  await mkdir(target, { recursive: true })
  await run('tar', ['-xzf', archive, '--strip-components=1', '-C', target])
  await symlink(join(root, 'node_modules', '@noble'), join(app, 'node_modules', '@noble'))
  await writeFile(join(app, 'package.json'), '{ "type": "module" }')
  return JSON.parse(await readFile(join(target, 'package.json'), 'utf8'))
}

t.test('the packed SDK', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-client-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const app = join(folder, 'app')
  const manifest = await installClient(await packClient(folder), app)
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
    for (const [at, name] of ['@torii/client', '@torii/client/client.min.js'].entries()) {
      await writeFile(join(app, 'round.js'), round(name))
      const { appId, appSecret } = world.app
      const { stdout } = await run(
        process.execPath,
        ['round.js', server.url, appId, appSecret, `amber-${at}`],
        {
          cwd: app,
        },
      )
      t.equal(stdout.trim(), `amber-${at} true`, name)
    }
  })

  t.test('has types for every module resolution', async (t) => {
    await writeFile(join(app, 'typed.ts'), typed)
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const settings = [
      { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'] },
      { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022', 'dom'] },
      { module: 'node16', moduleResolution: 'node16', lib: ['es2022', 'dom'] },
      { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022'] },
    ]
    for (const setting of settings) {
      const compilerOptions = { strict: true, noEmit: true, target: 'es2022', types: [], ...setting }
      await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
      const { stdout } = await run(process.execPath, [tsc], { cwd: app }).catch(
        (error: { stdout: string }) => error,
      )
      const resolution = `${setting.moduleResolution}, ${setting.lib.join()}`
      t.equal(stdout, '', resolution)
    }
  })

  t.test('a bundle of the main path stays small, and loads curves when they are needed', async (t) => {
    await writeFile(
      join(app, 'main.js'),
      "import { createClient } from '@torii/client'\nglobalThis.c = createClient\n",
    )
    const { output } = await build({
      input: join(app, 'main.js'),
      platform: 'browser',
      output: { dir: join(folder, 'bundle'), minify: true },
    })
    const chunks = output.filter((it) => it.type === 'chunk')
    const sizeOf = (some: typeof chunks) => some.reduce((sum, { code }) => sum + gzipSync(code).length, 0)
    const names = new Set<string>()
    const addStatic = (name: string) => {
      if (names.has(name)) return
      names.add(name)
      for (const next of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) addStatic(next)
    }
    addStatic(chunks.find(({ isEntry }) => isEntry)?.fileName ?? '')
    const main = chunks.filter(({ fileName }) => names.has(fileName))
    t.ok(sizeOf(main) < maxMainBytes, `${sizeOf(main)} bytes`)
    t.ok(chunks.length > main.length, 'the rest is loaded on demand')
    t.comment(`main path ${sizeOf(main)} bytes, all ${sizeOf(chunks)} bytes (gzip)`)
  })
})
