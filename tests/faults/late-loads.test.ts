/** An upgrade that replaces the files of a running server must not break what it loads late. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { catalogue } from '../../src/protocol/errors.ts'
import { findFreePort } from '../../tools/test/harness.ts'
import { embeddedEnvironment, until } from '../harness/test-server.ts'

t.setTimeout(90_000)
const root = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))

t.test('packages that are taken away after the start are not missed', async (t) => {
  const copy = mkdtempSync(join(root, '.late-loads-'))
  const data = mkdtempSync(join(tmpdir(), 'torii-test-'))
  for (const name of ['package.json', 'config', 'docs', 'migrations', 'dist', 'node_modules'])
    execFileSync('cp', ['-al', join(root, name), join(copy, name)])
  const port = await findFreePort()
  const environment = {
    ...embeddedEnvironment(data),
    TORII__SERVER__PORT: String(port),
    TORII__LOG__LEVEL: 'debug',
  }
  const child = spawn(process.execPath, [join(copy, 'dist/src/server.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, ...environment },
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(copy, { recursive: true, force: true })
    await rm(data, { recursive: true, force: true })
  })
  let printed = ''
  child.stdout?.on('data', (data) => {
    printed += data
  })
  const read = (name: string) => new RegExp(`"start":"${name}","msg":"([^"]+)`).exec(printed)?.[1]
  const url = `http://127.0.0.1:${port}`
  const post = async (path: string, type: string, body: string) => {
    const reply = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })
    return { status: reply.status, text: await reply.text() }
  }
  await until('it answers', () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  await until('all packages are loaded', () => printed.includes('all packages are loaded'))
  renameSync(join(copy, 'node_modules'), join(copy, 'node_modules.old'))

  const app = { appid: read('appid'), appsecret: read('appsecret') }
  const password = { ...app, login: 'not-registered', password: 'some password' }
  const login = await post('/v1/login', 'application/json', JSON.stringify(password))
  t.match(JSON.parse(login.text), { code: catalogue.LOGIN_FAILED.code }, 'a plain password is hashed')
  const hello = await post('/v1/hello', 'application/x-protobuf', 'x')
  t.notOk(hello.text.includes(String(catalogue.INTERNAL.code)), 'protobuf is read')
})
