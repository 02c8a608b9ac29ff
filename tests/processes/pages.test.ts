/** What production.md and operations.md tell an administrator to type, typed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { startMariadb } from '../../tools/test/harness.ts'
import { type Environment, openShared, spawnServer, testServers } from '../harness/test-server.ts'
import { ask, createTorii, run } from '../tools/torii-process.ts'

t.setTimeout(200_000)
const password = 'Xk3-9d-page'

const fencesOf = async (page: string, language: string) => {
  const text = await readFile(fileURLToPath(import.meta.resolve(`#root/docs/${page}`)), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, body = '']) => body,
  )
}

const findFence = async (page: string, language: string, word: string) => {
  const found = (await fencesOf(page, language)).find((body) => body.includes(word))
  if (found === undefined) throw new Error(`no ${language} in ${page} has ${word}`)
  return found
}

const commandsOf = (fence: string) => fence.split('\n').filter((line) => line !== '')

t.test('the grants are enough for each user, and a dump is loaded as the page says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const primary = await startMariadb({ folder: testServers().folder, serverId: 8 })
  t.teardown(() => primary.stop())
  await primary.asRoot("DROP USER IF EXISTS torii@'%'")
  const sql = (await findFence('production.md', 'sql', 'CREATE DATABASE')).replaceAll('…', password)
  for (const statement of sql
    .replace(/^--.*$/gm, '')
    .split(';')
    .map((one) => one.trim()))
    if (statement !== '') await primary.asRoot(statement)
  await primary.asRoot(`CREATE USER root@'%' IDENTIFIED BY '${password}'`)
  await primary.asRoot("GRANT ALL ON *.* TO root@'%'")

  const shared = await openShared()
  t.teardown(() => shared.close())
  const as = (user: string): Environment => ({
    ...Object.fromEntries(
      Object.entries(shared.environment).filter(([name]) => !/__(WRITE|READ)__/.test(name)),
    ),
    TORII__DATABASE__WRITE__0__HOST: primary.host,
    TORII__DATABASE__WRITE__0__PORT: String(primary.port),
    TORII__DATABASE__WRITE__0__USER: user,
    TORII__DATABASE__WRITE__0__PASSWORD: password,
    TORII__DATABASE__WRITE__0__DATABASE: 'torii',
  })
  await ask(createTorii(as('torii_migrate')), 'migrate', 'up')
  const service = createTorii(as('torii'))
  const { appid } = await ask<{ appid: string }>(service, 'app', 'add', 'shop')
  const server = await spawnServer(as('torii'))
  t.equal((await fetch(`${server.url}/readyz`)).status, 200, 'the server runs with the rights of its user')
  await server.stop()

  const { stdout } = await createTorii(as('torii_restore'))('backup', join(folder, 'backup'))
  const dump = stdout.split('\n').find((line) => line.startsWith('(umask')) ?? ''
  /** With the places of this test, and the password in the environment instead of at a prompt. */
  const type = async (command: string) => {
    const placed = command
      .replaceAll(
        '--host=db1.internal --port=3306',
        `--host=${primary.host} --port=${primary.port} --protocol=TCP`,
      )
      .replace(' --password', '')
    const { code, stderr } = await run('sh', ['-c', placed], {
      cwd: join(folder, 'backup'),
      environment: { MYSQL_PWD: password },
    })
    t.equal(code, 0, `${command}: ${stderr}`)
  }
  await type(dump)
  await primary.asRoot('DROP DATABASE torii')
  const [create = '', load = '', clear = ''] = commandsOf(
    await findFence('operations.md', 'sh', 'torii_restore'),
  )
  await type(create)
  await type(load)
  t.match(await ask(service, 'app', 'list'), [{ appid }])
  t.match(await service(...clear.split(' ').slice(1)), { code: 0, stdout: /keys that began with/ })
})

t.test('every torii command that the pages name is there, with the options that they name', async (t) => {
  const torii = createTorii({})
  const texts = await Promise.all(
    ['operations.md', 'production.md'].map((page) =>
      readFile(fileURLToPath(import.meta.resolve(`#root/docs/${page}`)), 'utf8'),
    ),
  )
  const named = texts.flatMap((text) => [
    ...text.matchAll(/(?:\btorii|npm run (?:-s )?torii --) ([a-z][a-z-]*(?: [a-z][a-z-]*)?)([^`|\n]*)/g),
  ])
  const helps = new Map<string, string>()
  const helpOf = async (words: string) => {
    const known = helps.get(words) ?? (await torii(...words.split(' '), '--help')).stdout
    helps.set(words, known)
    return known
  }
  t.ok(named.length > 30, 'they are found')
  for (const [text, words = '', rest = ''] of named) {
    const [group = '', verb] = words.split(' ')
    const help = (await helpOf(words)) || (verb ? await helpOf(group) : '')
    t.match(help, 'Usage: torii', text)
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) t.match(help, option, text)
  }
})
