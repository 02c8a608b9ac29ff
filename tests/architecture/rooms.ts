/** What a file of a room may import. Anything else in src, and any other package, is refused. */
export type Room = {
  name: string
  /** The files of the room; a group in it is the room's own folder. */
  files: RegExp
  /** Files whose values it may import. `{room}` stands for its own folder. */
  values: readonly string[]
  /** Files of which it may only import types. */
  types: readonly string[]
  /** Packages; `*` is any. */
  packages: readonly string[]
  node: boolean
  /** Said behind "may import only …". */
  rule: string
}

const anyPackage = ['*']
const multiRuntimeCrypto = [
  '@noble/hashes',
  '@noble/ciphers',
  '@noble/curves',
  'otplib',
  'bcryptjs',
  'twofish-ts',
]
const fastifyFamily = ['fastify', 'fastify-plugin', '@fastify/*', 'ipaddr.js', 'prom-client']

const typesOfFeatures = [
  'src/adapters/',
  'src/http/caller.ts',
  'src/http/endpoints.ts',
  'src/http/pages.ts',
  'src/config/',
]

/** The arrows of the architecture. The first room that has the file counts. */
export const rooms: readonly Room[] = [
  {
    name: 'protocol',
    files: /^src\/protocol\//,
    values: ['src/protocol/'],
    types: [],
    packages: multiRuntimeCrypto,
    node: false,
    rule: 'itself and crypto packages that run everywhere',
  },
  {
    name: 'adapters',
    files: /^src\/adapters\//,
    values: ['src/adapters/', 'src/protocol/'],
    types: ['src/config/'],
    packages: anyPackage,
    node: true,
    rule: 'itself, protocol, packages, node: and types of config',
  },
  {
    name: 'http',
    files: /^src\/http\//,
    values: ['src/http/', 'src/protocol/'],
    types: ['src/config/'],
    packages: fastifyFamily,
    node: true,
    rule: 'itself, protocol, fastify with its plugins, node: and types of config',
  },
  {
    name: 'features/index',
    files: /^src\/features\/index\.ts$/,
    values: ['src/features/feature.ts', 'src/features/*/feature.ts'],
    types: ['src/adapters/'],
    packages: [],
    node: false,
    rule: 'the feature.ts of each feature, and types of adapters',
  },
  {
    name: 'features/feature',
    files: /^src\/features\/feature\.ts$/,
    values: ['src/protocol/'],
    types: [...typesOfFeatures, 'src/features/change-log/api.ts'],
    packages: [],
    node: false,
    rule: 'protocol, and types of adapters, http/caller, endpoints and pages, config and change-log/api',
  },
  {
    name: 'settings of a feature',
    files: /^src\/features\/([^/]+)\/config\.ts$/,
    values: ['src/config/fields.ts', 'src/protocol/'],
    types: [],
    packages: [],
    node: false,
    rule: 'config/fields and protocol',
  },
  {
    name: 'wire',
    files: /^src\/features\/([^/]+)\/wire\.ts$/,
    values: ['src/protocol/', 'src/features/*/wire.ts'],
    types: ['src/http/caller.ts'],
    packages: [],
    node: false,
    rule: 'protocol, other wire.ts, and types of http/caller',
  },
  {
    name: 'repo',
    files: /^src\/features\/([^/]+)\/(?:.*\/)?repo\.ts$/,
    values: [
      'src/features/{room}/',
      'src/protocol/',
      'src/adapters/db/kysely.ts',
      'src/adapters/db/statement.ts',
    ],
    types: [...typesOfFeatures, 'src/features/*/api.ts'],
    packages: [],
    node: false,
    rule: 'its feature, protocol, kysely, statements, and types of adapters, config and the api.ts of other features',
  },
  {
    name: 'features',
    files: /^src\/features\/([^/]+)\//,
    values: ['src/features/{room}/', 'src/features/feature.ts', 'src/protocol/'],
    types: [...typesOfFeatures, 'src/features/*/api.ts'],
    packages: [],
    node: false,
    rule: 'its own folder, features/feature, protocol, and types of adapters, http/caller, endpoints and pages, config and the api.ts of other features',
  },
  {
    name: 'client',
    files: /^src\/client\//,
    values: ['src/client/', 'src/protocol/'],
    types: ['src/features/*/wire.ts'],
    packages: multiRuntimeCrypto,
    node: false,
    rule: 'itself, protocol, crypto packages that run everywhere and types of features/*/wire',
  },
  {
    name: 'config',
    files: /^src\/config\//,
    values: ['src/config/', 'src/protocol/', 'src/features/*/config.ts', 'src/adapters/network.ts'],
    types: [],
    packages: [],
    node: true,
    rule: 'itself, protocol, the settings of features, adapters/network, types of typebox and node:',
  },
  {
    name: 'root',
    files: /^src\/[^/]+\.ts$/,
    values: ['src/'],
    types: [],
    packages: anyPackage,
    node: true,
    rule: 'what is in src',
  },
  {
    name: 'tools',
    files: /^tools\//,
    values: ['tools/', 'src/'],
    types: [],
    packages: anyPackage,
    node: true,
    rule: 'what is in src and tools',
  },
]
