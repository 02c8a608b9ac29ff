// Compiles src, tools and tests into dist when they changed since it was made. Plain JavaScript: it runs first.
//
//   node tools/build.mjs            builds if something changed
//   node tools/build.mjs --clean    builds in any case
//   node tools/build.mjs --types    builds in any case, with the declarations (*.d.ts) of the client
//
// Types are stripped, not checked: an installation without devDependencies builds too and lacks some of them.
// `npm test` checks them. Each file is replaced in one step, so a server that runs from dist, or a second
// build at the same time, never sees half of one.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stamp = join(dist, '.stamp')
const folders = ['src', 'tools', 'tests']
const withTypes = process.argv.includes('--types')

if (withTypes || process.argv.includes('--clean') || readSources() !== readStamp()) build()

/** Every source with its time and size: also a file that is gone, or an older one put in its place, shows. */
function readSources() {
  const files = folders.flatMap((folder) => listFiles(folder).filter((file) => /\.(ts|mjs)$/.test(file)))
  return [...files, 'tsconfig.json', 'package.json']
    .map((file) => {
      const { mtimeMs, size } = statSync(join(root, file))
      return `${file} ${mtimeMs} ${size}\n`
    })
    .join('')
}

function listFiles(folder) {
  const path = join(root, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length))
    .sort()
}

function readStamp() {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined
}

function build() {
  const started = performance.now()
  let sources
  let count
  do {
    sources = readSources()
    count = compile()
  } while (count !== undefined && sources !== readSources())
  if (count === undefined) return
  replaceFile(stamp, sources)
  // Not on the standard output: that belongs to the command that is built for.
  console.error(`built ${count} files into dist in ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** Returns the number of files written, or undefined after printing what is wrong with the sources. */
function compile() {
  const ts = loadTypescript()
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { fileNames, options } = ts.parseJsonConfigFileContent(config.config ?? {}, ts.sys, root)
  // Without types nothing outside a file matters to its JavaScript (isolatedModules), so nothing else is read.
  const strip = { ...options, noCheck: true, noResolve: true, noLib: true, lib: undefined, types: [] }
  const program = ts.createProgram(fileNames, { ...strip, declaration: false })
  const problems = [...(config.error ? [config.error] : []), ...program.getSyntacticDiagnostics()]
  const outputs = new Map()
  program.emit(undefined, (path, text) => outputs.set(path, text))
  if (withTypes) problems.push(...emitTypes(ts, options, outputs))
  if (problems.length > 0) {
    const format = ts.sys.writeOutputIsTTY?.()
      ? ts.formatDiagnosticsWithColorAndContext
      : ts.formatDiagnostics
    const host = {
      getCurrentDirectory: () => root,
      getCanonicalFileName: (name) => name,
      getNewLine: () => '\n',
    }
    console.error(format(problems, host))
    process.exitCode = 1
    return undefined
  }
  for (const [path, text] of outputs) replaceFile(path, text)
  for (const folder of folders) removeOthers(join('dist', folder), outputs)
  return outputs.size
}

function emitTypes(ts, options, outputs) {
  const client = join(root, 'src', 'client', 'index.ts')
  const program = ts.createProgram([client], { ...options, noCheck: true, emitDeclarationOnly: true })
  return program.emit(undefined, (path, text) => outputs.set(path, text)).diagnostics
}

function loadTypescript() {
  try {
    return createRequire(import.meta.url)('typescript')
  } catch {
    console.error('typescript is missing: run npm ci first')
    process.exit(1)
  }
}

function replaceFile(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  const fresh = `${path}.${process.pid}`
  writeFileSync(fresh, text)
  renameSync(fresh, path)
}

function removeOthers(folder, outputs) {
  for (const file of listFiles(folder)) {
    const path = join(root, file)
    // A name that ends in a number is a file that another build is just writing.
    if (outputs.has(path.replaceAll('\\', '/')) || /\.\d+$/.test(path)) continue
    rmSync(path, { force: true })
    removeEmpty(dirname(path))
  }
}

function removeEmpty(folder) {
  try {
    rmdirSync(folder)
    removeEmpty(dirname(folder))
  } catch {}
}
