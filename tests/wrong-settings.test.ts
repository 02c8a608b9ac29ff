/** Wrong configurations, and the one line that each of them prints: which setting, what is wrong, what to do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError, listIgnoredVariables, loadConfig } from '../src/config/load.ts'

type Environment = Record<string, string>

const openFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const refusalOf = (environment: Environment): string => {
  try {
    loadConfig(environment)
    return 'taken'
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

const proxies = 'server.trustedProxies.0 (TORII__SERVER__TRUSTED_PROXIES__0)'
const wide =
  'expected the address or the network of a proxy (a range this wide lets callers choose their address)'
const storeUrl =
  'store.url (TORII__STORE__URL): expected redis://user:password@host:6379/0, with rediss: for TLS and special characters in the password as %XX'

/** What stands in the environment, and the line. */
const settings: [environment: Environment, line: string][] = [
  [
    { TORII__MAIL__LINKS: '[{"app":"","to":""}]' },
    'server.publicUrl (TORII__SERVER__PUBLIC_URL): expected a URL: mail.links asks for links in mails, which begin with it, found ""',
  ],
  [
    { TORII__DATABASE__FILE: '/usr/lib/node_modules/torii/data/torii.sqlite' },
    'database.file (TORII__DATABASE__FILE): expected a place outside node_modules, since npm removes what is there when it installs again, found "/usr/lib/node_modules/torii/data/torii.sqlite"',
  ],
  [
    {
      TORII__DATABASE__WRITE__0__HOST: '10.1.2.3',
      TORII__DATABASE__WRITE__0__TLS: 'true',
    },
    'database.write.0.host (TORII__DATABASE__WRITE__0__HOST): expected a host name with tls: true (the certificate of an address would be checked against localhost), found "10.1.2.3"',
  ],
  [
    { TORII__WORDS__FOLDER: '/usr/lib/node_modules/torii/data/words' },
    'words.folder (TORII__WORDS__FOLDER): expected a place outside node_modules, since npm removes what is there when it installs again, found "/usr/lib/node_modules/torii/data/words"',
  ],
  [
    {
      TORII__WORDS__SOURCE: 'sql',
      TORII__WORDS__DATABASE__SQLITE_FILE: '/usr/lib/node_modules/torii/data/words.sqlite',
    },
    'words.database.sqliteFile (TORII__WORDS__DATABASE__SQLITE_FILE): expected a place outside node_modules, since npm removes what is there when it installs again, found "/usr/lib/node_modules/torii/data/words.sqlite"',
  ],
  [
    { TORII__SECURITY__KEY_FILE: '/usr/lib/node_modules/torii/data/server.key' },
    'security.keyFile (TORII__SECURITY__KEY_FILE): expected a place outside node_modules, since npm removes what is there when it installs again, found "/usr/lib/node_modules/torii/data/server.key"',
  ],
  [
    { TORII__SERVER__PORT: 'abc' },
    'server.port (TORII__SERVER__PORT): expected a whole number from 0 to 65535, found "abc"',
  ],
  [
    { TORII__SERVER__PORT: '' },
    'server.port (TORII__SERVER__PORT): expected a whole number from 0 to 65535, found ""',
  ],
  [
    { TORII__SERVER__PORT: '1.5' },
    'server.port (TORII__SERVER__PORT): expected a whole number from 0 to 65535, found 1.5',
  ],
  [
    { TORII__SERVER__PORT: '70000' },
    'server.port (TORII__SERVER__PORT): expected a whole number from 0 to 65535, found 70000',
  ],
  [{ TORII__SERVER__PROT: '1' }, 'TORII__SERVER__PROT: no such setting; did you mean TORII__SERVER__PORT?'],
  [
    { TORII__SERVER__TRUSTEDPROXIES: '' },
    'TORII__SERVER__TRUSTEDPROXIES: no such setting; did you mean TORII__SERVER__TRUSTED_PROXIES?',
  ],
  [
    { TORII__DATABASE__WRITE__0__PASWORD: 'x' },
    'TORII__DATABASE__WRITE__0__PASWORD: no such setting; did you mean TORII__DATABASE__WRITE__0__PASSWORD?',
  ],
  [{ TORII__NOTHING_LIKE_IT: '1' }, 'TORII__NOTHING_LIKE_IT: no such setting; see docs/configuration.md'],
  [
    { TORII__TRANSPORT__TOTP: 'yes' },
    'transport.totp (TORII__TRANSPORT__TOTP): expected true or false, found "yes"',
  ],
  [
    { TORII__SERVER__TRIAL: 'maybe' },
    'server.trial (TORII__SERVER__TRIAL): expected one of auto, true, false, found "maybe"',
  ],
  [
    { TORII__SECURITY__PROFILE: 'lax' },
    'security.profile (TORII__SECURITY__PROFILE): expected one of compat, strict, legacy, found "lax"',
  ],
  [
    { TORII__SERVER__LAN: 'true', TORII__SERVER__TRIAL: 'false' },
    'server.lan (TORII__SERVER__LAN): expected false: only a trial answers plain calls from private addresses, found true',
  ],
  [{ TORII__LANGUAGES: 'fr' }, 'languages.0 (TORII__LANGUAGES__0): expected one of zh-CN, en, found "fr"'],
  [{ TORII__LANGUAGES: '' }, 'languages (TORII__LANGUAGES): expected a list of at least 1, found []'],
  [{ TORII__LIMITS__ECHO: '60' }, 'limits.echo (TORII__LIMITS__ECHO): expected a list of 2, found [60]'],
  [
    { TORII__LIMITS__ECHO: '60,x' },
    'limits.echo.1 (TORII__LIMITS__ECHO__1): expected a whole number from 1 to 1000000, found "x"',
  ],
  [
    { TORII__LIMITS__ECHO: '[0,5]' },
    'limits.echo.0 (TORII__LIMITS__ECHO__0): expected a whole number from 1 to 86400, found 0',
  ],
  [
    { TORII__DATABASE__WRITE__1__HOST: 'a' },
    'database.write.0 (TORII__DATABASE__WRITE__0): missing; places of a list are numbered from 0 without gaps',
  ],
  [
    { TORII__DATABASE__WRITE: 'a' },
    'database.write.0 (TORII__DATABASE__WRITE__0): expected a section, { … }, found "a"',
  ],
  [
    { TORII__DATABASE__READ__0__HOST: 'a' },
    'database.write (TORII__DATABASE__WRITE): expected a host, since database.read has one',
  ],
  [
    { TORII__DATABASE__TABLES__USERS: 'Bad name' },
    'database.tables.users (TORII__DATABASE__TABLES__USERS): expected a text that matches ^[a-z][a-z0-9_]{0,47}$, found "Bad name"',
  ],
  [
    { TORII__DATABASE__TABLES__USERS: 'apps' },
    'database.tables (TORII__DATABASE__TABLES): expected different names, found "apps"',
  ],
  [{ TORII__SERVER__TRUSTED_PROXIES: '0.0.0.0/0' }, `${proxies}: ${wide}, found "0.0.0.0/0"`],
  [{ TORII__SERVER__TRUSTED_PROXIES: '::/0' }, `${proxies}: ${wide}, found "::/0"`],
  [{ TORII__SERVER__TRUSTED_PROXIES: '128.0.0.0/1' }, `${proxies}: ${wide}, found "128.0.0.0/1"`],
  [
    { TORII__SERVER__TRUSTED_PROXIES: '10.0.0.0/8,everybody' },
    'server.trustedProxies.1 (TORII__SERVER__TRUSTED_PROXIES__1): expected an address or a CIDR range, found "everybody"',
  ],
  ...['https://*.example.com', 'null', 'https://a.example/'].map((origin): [Environment, string] => [
    { TORII__SERVER__ORIGINS: origin },
    `server.origins.0 (TORII__SERVER__ORIGINS__0): expected an origin like https://a.example or capacitor://localhost, without a path or wildcard, found "${origin}"`,
  ]),
  [
    { TORII__SERVER__REDIRECTS: '[{"from":["CN","999.1.1.1/99"],"to":"https://a.example"}]' },
    'server.redirects.0.from.1 (TORII__SERVER__REDIRECTS__0__FROM__1): expected a CIDR range, or a country code of two letters, found "999.1.1.1/99"',
  ],
  [
    { TORII__SERVER__HOST: 'http://127.0.0.1' },
    'server.host (TORII__SERVER__HOST): expected an address or a host name of this machine, without scheme or port, found "http://127.0.0.1"',
  ],
  [
    { TORII__SERVER__LEGACY_PREFIX: 'old' },
    'server.legacyPrefix (TORII__SERVER__LEGACY_PREFIX): expected a text that matches ^(/[A-Za-z0-9._-]+)*$, found "old"',
  ],
  [
    { TORII__SERVER__TLS__CERT_FILE: 'a.pem' },
    'server.tls (TORII__SERVER__TLS): expected both certFile and keyFile, or neither',
  ],
  [
    { TORII__TRANSPORT__FAILURE_STATUS: '5' },
    'transport.failureStatus (TORII__TRANSPORT__FAILURE_STATUS): expected 0, or 200 to 499, found 5',
  ],
  [
    { TORII__PASSWORD__NEXT_COST: '10' },
    'password.nextCost (TORII__PASSWORD__NEXT_COST): expected more than password.cost, or 0, found 10',
  ],
  [{ TORII__STORE__URL: 'localhost:6379' }, storeUrl],
  [{ TORII__STORE__URL: 'http://localhost' }, storeUrl],
  [{ TORII__STORE__URL: 'redis://:50%off@localhost' }, storeUrl],
  [{ TORII__STORE__URL: 'redis://localhost/first' }, storeUrl],
  [
    { TORII__STORE__CLUSTER_NODES: 'a:1,b' },
    'store.clusterNodes.1 (TORII__STORE__CLUSTER_NODES__1): expected host:port, found "b"',
  ],
  [
    { TORII__STORE__URL: 'redis://a', TORII__STORE__URL__FILE: '/run/secrets/store' },
    'TORII__STORE__URL and TORII__STORE__URL__FILE are both set: keep one of them',
  ],
  [
    { TORII__STORE__URL__FILE: '' },
    'store.url (TORII__STORE__URL__FILE): expected the name of a file, found nothing',
  ],
  [
    { TORII__STORE__URL__FILE: '/no/such/file' },
    'store.url (TORII__STORE__URL__FILE): the file /no/such/file does not exist',
  ],
  [{ TORII_CONFIG: '/no/such/file.json' }, 'TORII_CONFIG: the file /no/such/file.json does not exist'],
  [
    { NODE_ENV: 'production', TORII__DATABASE__WRITE__0__PASSWORD: 'changeme' },
    'database.write.0.password (TORII__DATABASE__WRITE__0__PASSWORD): a sample value; expected a secret of your own',
  ],
  [
    { NODE_ENV: 'production', TORII__STORE__URL: 'redis://user:secret@redis' },
    'store.url (TORII__STORE__URL): a sample value; expected a secret of your own',
  ],
  [
    { NODE_ENV: 'production', TORII__SERVER__TRIAL: 'true' },
    'server.trial (TORII__SERVER__TRIAL): expected false with NODE_ENV=production',
  ],
]

t.test('a wrong setting', async (t) => {
  for (const [environment, line] of settings)
    t.equal(refusalOf(environment), line, JSON.stringify(environment))
})

/** What a configuration file holds, and the line behind its name. */
const texts: [text: string | Buffer, line: string][] = [
  ['', ':1:1: expected a value; the last item of a list has no comma behind it'],
  ['not JSON', ':1:1: this is not JSON'],
  ['[]', ': expected a JSON object'],
  ['null', ': expected a JSON object'],
  [
    '{\n  "server": {\n    "port": 1,\n  }\n}',
    ':4:3: expected a name in double quotes; the last member has no comma behind it',
  ],
  ['{ "languages": ["en",] }', ':1:22: expected a value; the last item of a list has no comma behind it'],
  ['{\n  "server" {}\n}', ':2:12: expected a colon'],
  ['{ "server": {} "store": {} }', ':1:16: expected a comma'],
  ['{ "server": {', ':1:14: expected a comma or }'],
  ['{ // the server\n }', ':1:3: JSON has no comments'],
  ['{ "server": { "host": "a } }', ':1:23: this text has no closing quote'],
]

t.test('a wrong file', async (t) => {
  const folder = await openFolder()
  const file = join(folder, 'torii.json')
  for (const [text, line] of texts) {
    await writeFile(file, text)
    t.equal(refusalOf({ TORII_CONFIG: file }), `${file}${line}`, JSON.stringify(text))
  }
  const keys: [text: string, line: string][] = [
    ['{"server":{"prot":1}}', `server.prot: no such setting, in ${file}; did you mean server.port?`],
    ['{"sever":{}}', `sever: no such setting, in ${file}; did you mean server?`],
    [
      '{"database":{"write":[{},{"hots":""}]}}',
      `database.write.1.hots: no such setting, in ${file}; did you mean database.write.1.host?`,
    ],
    ['{"__proto__":{"a":1}}', `__proto__: no such setting, in ${file}; see docs/configuration.md`],
    [
      '{"server":{"port":"8080"}}',
      'server.port (TORII__SERVER__PORT): expected a whole number from 0 to 65535, found "8080"',
    ],
    [
      '{"server":{"origins":"https://a.example"}}',
      'server.origins (TORII__SERVER__ORIGINS): expected a list, found "https://a.example"',
    ],
  ]
  for (const [text, line] of keys) {
    await writeFile(file, text)
    t.equal(refusalOf({ TORII_CONFIG: file }), line, text)
  }
  await writeFile(file, Buffer.from('\ufeff{"server":{"port":1}}', 'utf16le'))
  t.equal(refusalOf({ TORII_CONFIG: file }), `TORII_CONFIG: ${file} is not UTF-8; save it as UTF-8`)
  await writeFile(file, '\ufeff{"server":{"port":1234}}')
  t.equal(loadConfig({ TORII_CONFIG: file }).server.port, 1234, 'a byte order mark is fine')
  t.equal(refusalOf({ TORII_CONFIG: folder }), `TORII_CONFIG: the file ${folder} is a folder`)

  const secret = join(folder, 'secret')
  await writeFile(secret, '\n')
  const fromFile = 'database.write.0.password (TORII__DATABASE__WRITE__0__PASSWORD__FILE)'
  const environment = { TORII__DATABASE__WRITE__0__PASSWORD__FILE: secret }
  t.equal(refusalOf(environment), `${fromFile}: the file ${secret} is empty`)
  await writeFile(secret, '\ufeffXk3-9d\r\n')
  t.equal(loadConfig(environment).database.write[0]?.password, 'Xk3-9d', 'without mark and line break')
})

t.test('what looks like a setting and is not read is named', async (t) => {
  const environment = {
    TORII_SERVER__PORT: '1',
    torii__server__port: '1',
    TORII_STORE_URL: 'redis://a',
    TORII_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
    TORII_SERVICE_HOST: '10.0.0.1',
    TORII_CONFIG: '',
    OTHER: '',
  }
  t.same(listIgnoredVariables(environment), [
    { name: 'TORII_SERVER__PORT', meant: 'TORII__SERVER__PORT' },
    { name: 'torii__server__port', meant: 'TORII__SERVER__PORT' },
    { name: 'TORII_STORE_URL', meant: 'TORII__STORE__URL' },
  ])
})
