// Compiles src, tools and tests into dist when they changed since the last build. Plain JavaScript: it runs first.
//
//   node tools/build.mjs            builds if something changed
//   node tools/build.mjs --clean    builds in any case
//   node tools/build.mjs --types    builds in any case, with the declarations (*.d.ts) of the client
//   node tools/build.mjs --client   the same, and the SDK as a package of its own in dist/client-package
//
// Rolldown strips the types and checks nothing; `npm run types` and `npm test` check them. An installation without
// development dependencies therefore builds too; it leaves out the declarations, which need typescript.
// Each file is replaced in one step, so neither a server that runs from dist nor a second build sees half a file.
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkNode } from './check-node.mjs'

checkNode()

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'dist', '.stamp')
// A copy of the project may lack some of these, for example the tests.
const folders = ['src', 'tools', 'tests'].filter((folder) => existsSync(join(root, folder)))
const withClient = process.argv.includes('--client')
const withTypes = withClient || process.argv.includes('--types')

if (withTypes || process.argv.includes('--clean') || !isFresh(readSources())) await build()
if (withClient && !process.exitCode) await (await import('./client-package.mjs')).buildClientPackage(root)

/** Path → digest of every source. Content counts, not times: a copied folder stays built. */
function readSources() {
  const files = folders.flatMap(listFiles).filter((file) => /\.(ts|mjs)$/.test(file))
  return new Map(files.map((file) => [file, createHash('sha1').update(readText(file)).digest('hex')]))
}

function isFresh(sources) {
  if (!existsSync(stamp)) return false
  const built = readFileSync(stamp, 'utf8').split('\n')
  const isHere = (line) => folders.some((folder) => line.startsWith(`${folder}/`))
  return built.filter(isHere).join('\n') === formatStamp(sources)
}

function formatStamp(sources) {
  return [...sources].map(([file, digest]) => `${file} ${digest}`).join('\n')
}

async function build() {
  const started = performance.now()
  // Not on the standard output: that belongs to the command that is built for.
  console.error(withTypes ? 'building dist and the declarations (about five seconds)' : 'building dist')
  let sources
  let outputs
  do {
    sources = readSources()
    outputs = await compile(sources.keys())
  } while (outputs !== undefined && formatStamp(sources) !== formatStamp(readSources()))
  if (outputs === undefined) return
  writeFileSync(`${stamp}.${process.pid}`, formatStamp(sources))
  renameSync(`${stamp}.${process.pid}`, stamp)
  console.error(
    `built ${outputs.size} files into dist in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  )
}

/** Returns the files written, or undefined after printing what is wrong with the sources. */
async function compile(files) {
  const outputs = new Map()
  const problems = []
  const transform = await loadCompiler()
  for (const file of files)
    if (/(?<!\.d)\.ts$/.test(file)) problems.push(...compileFile(transform, file, outputs))
  if (withTypes && problems.length === 0) problems.push(...(await emitTypes(outputs)))
  if (problems.length > 0) {
    console.error(problems.join('\n'))
    process.exitCode = 1
    return undefined
  }
  for (const [path, text] of outputs) replaceFile(path, text)
  for (const folder of folders) removeOthers(join('dist', folder), outputs)
  return outputs
}

async function loadCompiler() {
  try {
    return (await import('rolldown/utils')).transformSync
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
    console.error('rolldown is missing: run npm ci first')
    process.exit(1)
  }
}

function compileFile(transform, file, outputs) {
  const typescript = { rewriteImportExtensions: true, onlyRemoveTypeImports: true }
  const { code, map, errors } = transform(file, readText(file), {
    typescript,
    target: 'es2023',
    sourcemap: true,
  })
  if (errors.length > 0) return errors.map(({ message, codeframe }) => `${file}: ${codeframe ?? message}`)
  const path = join(root, 'dist', file).replace(/ts$/, 'js')
  const name = path.slice(path.lastIndexOf('/') + 1)
  const sources = [relative(dirname(path), join(root, file))]
  outputs.set(path, `${code}//# sourceMappingURL=${name}.map\n`)
  outputs.set(
    `${path}.map`,
    JSON.stringify({ version: 3, file: name, sources, names: [], mappings: map.mappings }),
  )
  return []
}

async function emitTypes(outputs) {
  const ts = await loadTypescript()
  if (ts === undefined) return []
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const entries = ['index.ts', 'backend.ts'].map((name) => join(root, 'src', 'client', name))
  const program = ts.createProgram(entries, { ...options, noCheck: true, emitDeclarationOnly: true })
  const { diagnostics } = program.emit(undefined, (path, text) => outputs.set(path, text))
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

async function loadTypescript() {
  try {
    return (await import('typescript')).default
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
    console.error('no declarations of the client: they need typescript (npm ci --include=dev)')
    return undefined
  }
}

function readText(file) {
  return readFileSync(join(root, file), 'utf8')
}

function listFiles(folder) {
  const path = join(root, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort()
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
    // A name that ends in a number is a file that another build is writing.
    if (outputs.has(path) || /\.\d+$/.test(path)) continue
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
