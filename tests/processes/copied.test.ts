/** A copy of a built project, as an image has it: it starts as another user, where nothing can be written. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { embeddedEnvironment, readLine } from '../harness/test-server.ts'

t.setTimeout(180_000)
const run = promisify(execFile)
const root = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))
/** Who owns none of the files; only root can become another user. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** The folders that the Containerfile leaves, with new times; packages are linked, since a copy takes a minute. */
const copyProject = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-copy-'))
  const names = (await readdir(root)).filter(
    (name) => !/^(\.git|node_modules|data|coverage|\.tap)$/.test(name),
  )
  t.teardown(async () => {
    await run('chmod', ['u+w', folder])
    await run('chmod', ['-R', 'u+w', ...names.map((name) => join(folder, name))])
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  })
  await run('cp', ['-R', ...names.map((name) => join(root, name)), folder])
  const modules = [join(root, 'node_modules'), folder]
  await run('cp', ['-al', ...modules]).catch(() => run('cp', ['-R', ...modules]))
  await run('chmod', ['-R', 'a-w', ...names.map((name) => join(folder, name))])
  await chmod(folder, 0o555)
  return folder
}

t.test('starts without building, and writes nothing beside what its settings name', async (t) => {
  const folder = await copyProject()
  const data = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(data, { recursive: true, force: true }))
  const own = join(data, 'own')
  await mkdir(own, { mode: 0o700 })
  if (user.uid !== undefined) {
    await chmod(data, 0o755)
    await chown(own, user.uid, user.gid)
  }
  const env = { PATH: process.env.PATH ?? '', ...embeddedEnvironment(own) }
  const options = { cwd: folder, env, ...user }
  const built = await run(process.execPath, ['tools/build.mjs'], options)
  t.strictSame([built.stdout, built.stderr], ['', ''], 'what npm start builds: nothing')

  const server = spawn(process.execPath, ['dist/src/server.js'], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => server.kill('SIGKILL'))
  let url: string | undefined
  for await (const line of createInterface({ input: server.stdout })) {
    const { start, msg } = readLine(line)
    if (start !== 'listening') continue
    url = msg
    break
  }
  t.equal((await fetch(`${url}/readyz`)).status, 200)
  const torii = await run(process.execPath, ['dist/tools/torii.js', 'app', 'list', '--json'], options)
  t.match(JSON.parse(torii.stdout), [{ name: 'demo' }])
  server.kill('SIGTERM')
  t.strictSame(await once(server, 'exit'), [0, null])
  t.notOk((await readdir(folder)).includes('data'))
})
