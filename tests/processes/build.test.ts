import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))

/** A small project with the build script and the compiler options of this one. */
function createProject(modules = '') {
  const folder = mkdtempSync(join(tmpdir(), 'torii-build-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const file of ['package.json', 'tsconfig.json', 'tools/build.mjs', 'tools/check-node.mjs']) {
    cpSync(join(root, file), join(folder, file))
  }
  if (modules !== '') mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(root, 'node_modules', modules), join(folder, 'node_modules', modules))
  const path = (file: string) => join(folder, file)
  const write = (file: string, text: string) => {
    mkdirSync(join(path(file), '..'), { recursive: true })
    writeFileSync(path(file), text)
  }
  write('src/a.ts', "import { b } from './deep/b.ts'\nexport const a: number = b\n")
  write('src/deep/b.ts', 'export const b: number = 1\n')
  return {
    path,
    write,
    read: (file: string) => readFileSync(path(file), 'utf8'),
    build: (...args: string[]) =>
      promisify(execFile)(process.execPath, ['tools/build.mjs', ...args], { cwd: folder }),
  }
}

t.test(
  'builds what is missing in one line, also twice at once, then does nothing and says nothing',
  async (t) => {
    const { build, read, path } = createProject()
    for (const { stdout, stderr } of await Promise.all([build('--clean'), build('--clean')])) {
      t.match(stderr, /^building dist\nbuilt \d+ files into dist in [\d.]+ s\n$/)
      t.equal(stdout, '')
    }
    t.match(read('dist/src/a.js'), /from ['"]\.\/deep\/b\.js['"]/, 'imports name the compiled files')
    t.same(readdirSync(path('dist/src')).sort(), ['a.js', 'a.js.map', 'deep'], 'nothing else is there')

    const before = statSync(path('dist/src/a.js')).mtimeMs
    t.equal((await build()).stdout, '')
    t.equal(statSync(path('dist/src/a.js')).mtimeMs, before)
  },
)

t.test('builds again when a source has changed or is gone, or with --clean', async (t) => {
  const { build, write, read, path } = createProject()
  await build()

  write('src/deep/b.ts', 'export const b: number = 22\n')
  utimesSync(path('src/deep/b.ts'), 1_000, 1_000)
  t.match((await build()).stderr, 'built', 'also an older file in its place')
  t.match(read('dist/src/deep/b.js'), 'b = 22')

  rmSync(path('src/deep'), { recursive: true })
  write('src/a.ts', 'export const a = 1\n')
  t.match((await build()).stderr, 'built')
  t.notOk(existsSync(path('dist/src/deep')), 'what has no source is removed')

  t.match((await build('--clean')).stderr, 'built')
})

t.test('takes a copy for built by its content, also without the tests and as read-only', async (t) => {
  const { build, write, path } = createProject()
  write('tests/a.test.ts', 'export const c = 1\n')
  await build()
  rmSync(path('tests'), { recursive: true })
  for (const file of ['src/a.ts', 'src/deep/b.ts']) utimesSync(path(file), 1_000, 1_000)
  const before = statSync(path('dist/.stamp')).mtimeMs
  t.same(await build(), { stdout: '', stderr: '' })
  t.equal(statSync(path('dist/.stamp')).mtimeMs, before, 'nothing is written')
})

t.test('maps a compiled line back to its source', async (t) => {
  const { build, write, path } = createProject()
  write(
    'src/a.ts',
    'interface Lost {\n  a: string\n}\n\nexport const fail = (_: Lost) => {\n  throw new Error("x")\n}\n',
  )
  await build()
  const call = `(await import(${JSON.stringify(path('dist/src/a.js'))})).fail()`
  const run = promisify(execFile)(process.execPath, [
    '--enable-source-maps',
    '--input-type=module',
    '-e',
    call,
  ])
  await t.rejects(run, { code: 1, stderr: /src\/a\.ts:6:9/ })
})

t.test('leaves dist as it is when a source has a syntax error', async (t) => {
  const { build, write, read } = createProject()
  await build()
  const before = read('dist/src/a.js')
  write('src/a.ts', 'export const a = = 2\n')
  await t.rejects(build(), { code: 1, stderr: /src\/a\.ts/ })
  t.equal(read('dist/src/a.js'), before)
  await t.rejects(build(), { code: 1 }, 'and does not take it for fresh')
})

t.test('writes the declarations of the client when asked', async (t) => {
  const { build, write, read } = createProject()
  write('src/client/index.ts', 'export const createClient = (url: string) => ({ url })\n')
  await build('--types')
  t.match(read('dist/src/client/index.d.ts'), 'createClient: (url: string)')
})

t.test('builds without development dependencies, and says what it leaves out', async (t) => {
  const { build, write, read, path } = createProject('rolldown')
  write('src/client/index.ts', 'export const createClient = (url: string) => ({ url })\n')
  t.match((await build('--types')).stderr, 'no declarations of the client: they need typescript')
  t.match(read('dist/src/client/index.js'), 'createClient')
  t.notOk(existsSync(path('dist/src/client/index.d.ts')))
})

t.test('an old Node says so in one line: npm start, npm run build, torii', async (t) => {
  const { path, write } = createProject()
  write('old.cjs', "Object.defineProperty(process.versions, 'node', { value: '18.20.8' })\n")
  const file = join(root, 'dist/tools/torii.js')
  for (const args of [['tools/build.mjs'], ['tools/build.mjs', '--types'], [file, 'app', 'list']]) {
    const failed = await promisify(execFile)(process.execPath, ['--require', path('old.cjs'), ...args], {
      cwd: path('.'),
    }).catch((error) => error)
    t.match(failed, {
      code: 1,
      stdout: '',
      stderr: /^torii: Node\.js 20\.19 or newer is needed, and this is 18\.20\.8: .+\n$/,
    })
  }
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.match(engines.node, /^>=20\.19/)
})
