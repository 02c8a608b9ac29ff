/** An upgrade that replaces the files of a running server must not break what it loads late. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { catalogue } from '../../src/protocol/errors.ts'
import { findFreePort } from '../../tools/test/harness.ts'
import { openHostileProvider, signToken } from '../harness/hostile-provider.ts'
import { challengeOf } from '../harness/plain-provider.ts'
import { openSmtp, smtpEnvironment } from '../harness/smtp.ts'
import { embeddedEnvironment, until } from '../harness/test-server.ts'

t.setTimeout(90_000)
const root = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))

/** A package that exports nothing, in the place of each: else Node finds those of the folder above. */
const leaveEmptyPackages = (copy: string) => {
  const old = join(copy, 'node_modules.old')
  const names = readdirSync(old).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(old, name)).map((inner) => join(name, inner)) : [name],
  )
  for (const name of names) {
    mkdirSync(join(copy, 'node_modules', name), { recursive: true })
    writeFileSync(join(copy, 'node_modules', name, 'package.json'), '{ "exports": {} }')
  }
}

t.test('packages that are taken away after the start are not missed', async (t) => {
  const copy = mkdtempSync(join(root, '.late-loads-'))
  const data = mkdtempSync(join(tmpdir(), 'torii-test-'))
  // No list can be read at the start, so nothing of the filter is needed before the packages are gone.
  const deny = join(data, 'deny.json')
  writeFileSync(deny, '{')
  for (const name of ['package.json', 'config', 'docs', 'migrations', 'dist', 'node_modules'])
    execFileSync('cp', ['-al', join(root, name), join(copy, name)])
  const port = await findFreePort()
  const smtp = await openSmtp()
  t.teardown(() => smtp.close())
  const provider = await openHostileProvider(t)
  const environment = {
    ...embeddedEnvironment(data),
    TORII__PROVIDERS: JSON.stringify({ acme: provider.row }),
    TORII__SERVER__PORT: String(port),
    TORII__LOG__LEVEL: 'debug',
    TORII__WORDS__FOLDER: data,
    TORII__WORDS__FOLD_CHINESE: 'true',
    ...smtpEnvironment(smtp.port),
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
  leaveEmptyPackages(copy)

  const app = { appid: read('appid'), appsecret: read('appsecret') }
  const password = { ...app, login: 'not-registered', password: 'some password' }
  const login = await post('/v1/login', 'application/json', JSON.stringify(password))
  t.match(JSON.parse(login.text), { code: catalogue.LOGIN_FAILED.code }, 'a plain password is hashed')
  const hello = await post('/v1/hello', 'application/x-protobuf', 'x')
  t.notOk(hello.text.includes(String(catalogue.INTERNAL.code)), 'protobuf is read')

  const callJson = async (path: string, members: object) =>
    JSON.parse((await post(path, 'application/json', JSON.stringify({ ...app, ...members }))).text)
  writeFileSync(deny, JSON.stringify(['坏词']))
  let tried = 0
  await until('traditional characters are folded', async () => {
    const user = { userName: `${++tried} 壞詞` }
    const { code } = await callJson('/v1/register', { regmode: 'anonymous', user, password: 'some password' })
    t.not(code, catalogue.INTERNAL.code)
    return code === catalogue.WORD_FORBIDDEN.code
  })
  const picture = await callJson('/v1/captcha', { purpose: 'register', kind: 'picture' })
  t.equal(picture.code, catalogue.OK.code, 'a captcha is drawn')
  const look = { regmode: 'anonymous', user: { userName: 'аmber' }, password: 'some password' }
  t.not((await callJson('/v1/register', look)).code, catalogue.INTERNAL.code, 'look-alikes are judged')
  const verifier = 'v'.repeat(43)
  const { flow, nonce } = await callJson('/v1/oauth/start', {
    provider: 'acme',
    challenge: challengeOf(verifier),
  })
  const idToken = signToken({ ...provider.honestClaims(), nonce }, provider.key)
  const came = await callJson('/v1/oauth/finish', { finish: { flow, verifier, idToken } })
  t.equal(came.code, catalogue.LOGGED_IN.code, 'an ID token is read')
  const mail = { regmode: 'email', user: { email: 'amber@mail.example' }, password: 'correct horse battery' }
  t.equal((await callJson('/v1/register', mail)).code, catalogue.REGISTERED_MAIL_SENT.code)
  await until('the mail is there', () => smtp.received.length > 0, 30_000)
})
