// The SDK as a package of its own: dist/client-package, from the compiled client and its declarations.
//
// index.js and backend.js are modules that need three packages (@noble/*); everything else is in them. native.js is the
// same for React Native. client.min.js is one file that needs nothing, for pages without a bundler and service workers.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { build } from 'rolldown'

const noble = /^@noble\//
/** bcryptjs asks for it where there is no WebCrypto, which every runtime of the client has. */
const noNodeCrypto = {
  name: 'no-node-crypto',
  resolveId: (id) => (id === 'crypto' ? '\0no-crypto' : undefined),
  load: (id) => (id === '\0no-crypto' ? 'export default undefined' : undefined),
}

const listDependencies = ({ dependencies }) =>
  Object.fromEntries(Object.entries(dependencies).filter(([name]) => noble.test(name)))

/** TORII_CLIENT_NAME sets another name, for publishing in a scope of yours. */
const packageName = process.env.TORII_CLIENT_NAME ?? '@torii/client'

const createManifest = (own, name) => ({
  name,
  version: own.version,
  description: 'The client of the Torii login server',
  license: own.license,
  type: 'module',
  sideEffects: false,
  engines: own.engines,
  exports: {
    '.': {
      types: './types/client/index.d.ts',
      'react-native': './native.js',
      default: './index.js',
    },
    './backend': { types: './types/client/backend.d.ts', default: './backend.js' },
    './client.min.js': { types: './types/client/index.d.ts', default: './client.min.js' },
    './package.json': './package.json',
  },
  // For a Metro that does not read `exports`.
  main: './index.js',
  'react-native': './native.js',
  types: './types/client/index.d.ts',
  dependencies: listDependencies(own),
})

/** What an app imports, and the workers that index.js starts by their names. */
const modules = ['index', 'backend', 'kdf-worker', 'work-worker']

/** Everything is built in but what the package depends on. */
const forPackage = {
  external: [noble],
  plugins: [noNodeCrypto],
  platform: 'neutral',
  resolve: { mainFields: ['module', 'main'], conditionNames: ['import', 'browser', 'default'] },
  logLevel: 'warn',
}

const buildModules = (client, target) =>
  build({
    ...forPackage,
    input: Object.fromEntries(modules.map((name) => [name, join(client, `${name}.js`)])),
    output: { dir: target, format: 'esm', chunkFileNames: '[name]-[hash].js' },
  })

/** Hermes, the engine of React Native, cannot parse `import.meta`, and has no Worker that would need it. */
const buildNative = (client, target) =>
  build({
    ...forPackage,
    input: join(client, 'index.js'),
    transform: { define: { 'import.meta.url': 'undefined' } },
    output: { file: join(target, 'native.js'), format: 'esm', codeSplitting: false },
  })

const forSingleFile = { platform: 'browser', logLevel: 'warn' }

/** The source of a worker as one file. */
const buildWorker = async (file) => {
  const { output } = await build({
    ...forSingleFile,
    input: file,
    plugins: [noNodeCrypto],
    write: false,
    output: { format: 'iife', minify: true, codeSplitting: false },
  })
  return output[0].code
}

/** One file has its workers in it, as texts. A page whose CSP forbids `blob:` works without them. */
const inlineWorkers = {
  name: 'inline-workers',
  transform: async (code, id) => {
    const [text, name] = /new URL\(["']\.\/([\w-]+\.js)["'], import\.meta\.url\)/.exec(code) ?? []
    if (text === undefined) return undefined
    const source = JSON.stringify(await buildWorker(join(dirname(id), name)))
    const helper = `let blobUrl
const inlineWorker = () =>
  (blobUrl ??= URL.createObjectURL(new Blob([${source}], { type: 'text/javascript' })))
`
    return { code: helper + code.replace(text, 'inlineWorker()'), map: null }
  },
}

const buildSingleFile = (client, target) =>
  build({
    ...forSingleFile,
    input: join(client, 'index.js'),
    plugins: [noNodeCrypto, inlineWorkers],
    output: { file: join(target, 'client.min.js'), format: 'esm', minify: true, codeSplitting: false },
  })

const renameImports = (text) => text.replaceAll('@torii/client', packageName)

/** Copies the declarations that `entry` leads to; the package has .js files where the source has .ts ones. */
const copyDeclarations = (dist, target, entries) => {
  const done = new Set()
  const copy = (path) => {
    if (done.has(path)) return
    done.add(path)
    const text = renameImports(readFileSync(join(dist, path), 'utf8')).replace(
      /(['"])(\.{1,2}\/[^'"]+)\.ts\1/g,
      '$1$2.js$1',
    )
    const file = join(target, 'types', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'))
    for (const [, from] of text.matchAll(/['"](\.{1,2}\/[^'"]+)\.[jt]s['"]/g)) {
      copy(`${posix.join(posix.dirname(path), from)}.d.ts`)
    }
  }
  for (const entry of entries) copy(entry)
}

export const buildClientPackage = async (root) => {
  const dist = join(root, 'dist', 'src')
  const client = join(dist, 'client')
  const target = join(root, 'dist', 'client-package')
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(
    join(target, 'package.json'),
    `${JSON.stringify(createManifest(own, packageName), null, 2)}\n`,
  )
  await buildModules(client, target)
  await buildNative(client, target)
  await buildSingleFile(client, target)
  copyDeclarations(dist, target, ['client/index.d.ts', 'client/backend.d.ts'])
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'))
  const page = readFileSync(join(root, 'docs', 'features', 'client.md'), 'utf8')
  writeFileSync(join(target, 'README.md'), renameImports(page))
  console.error('built the SDK into dist/client-package: npm pack ./dist/client-package')
}
