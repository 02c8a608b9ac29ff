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
function createProject() {
  const folder = mkdtempSync(join(tmpdir(), 'torii-build-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const file of ['package.json', 'tsconfig.json', 'tools/build.mjs']) {
    cpSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
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
    for (const { stdout, stderr } of await Promise.all([build(), build()])) {
      t.match(stderr, /^built \d+ files into dist in [\d.]+ s\n$/)
      t.equal(stdout, '')
    }
    t.match(read('dist/src/a.js'), /from ['"]\.\/deep\/b\.js['"]/, 'imports name the compiled files')
    t.same(readdirSync(path('dist/src')).sort(), ['a.js', 'a.js.map', 'deep'], 'nothing else is there')

    const before = statSync(path('dist/src/a.js')).mtimeMs
    t.equal((await build()).stdout, '')
    t.equal(statSync(path('dist/src/a.js')).mtimeMs, before)
  },
)

t.test('builds again when a source is newer, older, gone, or when it is told to', async (t) => {
  const { build, write, read, path } = createProject()
  await build()

  write('src/deep/b.ts', 'export const b: number = 22\n')
  t.match((await build()).stderr, 'built')
  t.match(read('dist/src/deep/b.js'), 'b = 22')

  write('src/deep/b.ts', 'export const b: number = 33\n')
  utimesSync(path('src/deep/b.ts'), 1_000, 1_000)
  t.match((await build()).stderr, 'built', 'an older file in its place')
  t.match(read('dist/src/deep/b.js'), 'b = 33')

  rmSync(path('src/deep'), { recursive: true })
  write('src/a.ts', 'export const a = 1\n')
  t.match((await build()).stderr, 'built')
  t.notOk(existsSync(path('dist/src/deep')), 'what has no source is removed')

  t.match((await build('--clean')).stderr, 'built')
})

t.test('leaves dist as it is when a source can not be read', async (t) => {
  const { build, write, read } = createProject()
  await build()
  const before = read('dist/src/a.js')
  write('src/a.ts', 'export const a = = 2\n')
  await t.rejects(build(), { code: 1, stderr: /src\/a\.ts/ })
  t.equal(read('dist/src/a.js'), before)
  await t.rejects(build(), { code: 1 }, 'and does not take it for fresh')
})

t.test('brings the declarations of the client when asked', async (t) => {
  const { build, write, read } = createProject()
  write('src/client/index.ts', 'export const createClient = (url: string) => ({ url })\n')
  await build('--types')
  t.match(read('dist/src/client/index.d.ts'), 'createClient: (url: string)')
})
