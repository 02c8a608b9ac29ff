/** What a schema cannot say about the values. */
import { isIP } from 'node:net'
import { parseNetwork } from '../adapters/network.ts'
import { isOrigin } from '../protocol/origins.ts'
import { ConfigError, nameSetting, showValue } from './error.ts'
import { type Config, isTrial } from './index.ts'

/** What does not fit; without `found` the value is a secret, or missing. */
type Finding = { path: string[]; found?: unknown }
type Rule = {
  find(config: Config): Finding | undefined
  expected: string
}

/** The first member of a list that does not fit. */
const findMember = (
  path: string[],
  list: readonly string[],
  fits: (text: string) => boolean,
): Finding | undefined => {
  const at = list.findIndex((text) => !fits(text))
  return at < 0 ? undefined : { path: [...path, String(at)], found: list[at] }
}

/** An address of another machine. */
const isBareAddress = (host: string) => isIP(host) !== 0 && !/^(127\.|::1$)/.test(host)

const when = (isWrong: boolean, finding: Finding) => (isWrong ? finding : undefined)

/** Wider ranges than any network of proxies has: they would let callers choose their own address. */
const fewestProxyBits = { ipv4: 8, ipv6: 7 } as const

const isNarrow = (network: string) => {
  const bits = Number(parseNetwork(network)?.split('/')[1])
  return bits >= (network.includes(':') ? fewestProxyBits.ipv6 : fewestProxyBits.ipv4)
}

const isStoreUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, pathname, username, password } = new URL(text)
  try {
    decodeURIComponent(username)
    decodeURIComponent(password)
  } catch {
    return false
  }
  return /^rediss?:$/.test(protocol) && /^(\/\d*)?$/.test(pathname)
}

const isPlace = (text: string) => /^[A-Za-z]{2}$/.test(text) || parseNetwork(text) !== undefined

const rules: readonly Rule[] = [
  {
    find: ({ server: { host } }) =>
      when(host === '' || /[/@ ]|^[a-z]+:/i.test(host), { path: ['server', 'host'], found: host }),
    expected: 'an address or a host name of this machine, without scheme or port',
  },
  {
    find: ({ accounts: { unusedDays }, tickets: { a2Seconds } }) =>
      when(unusedDays > 0 && a2Seconds > 360 * 86_400, { path: ['tickets', 'a2Seconds'], found: a2Seconds }),
    expected: 'at most 31104000 with accounts.unusedDays: an account is only judged in its first year',
  },
  {
    find: (config) => when(config.server.lan && !isTrial(config), { path: ['server', 'lan'], found: true }),
    expected: 'false: only a trial answers plain calls from private addresses',
  },
  {
    find: ({ transport: { failureStatus } }) =>
      when(failureStatus > 0 && failureStatus < 200, {
        path: ['transport', 'failureStatus'],
        found: failureStatus,
      }),
    expected: '0, or 200 to 499',
  },
  {
    find: ({ server: { trustedProxies } }) =>
      findMember(['server', 'trustedProxies'], trustedProxies, (text) => parseNetwork(text) !== undefined),
    expected: 'an address or a CIDR range',
  },
  {
    find: ({ server: { trustedProxies } }) =>
      findMember(['server', 'trustedProxies'], trustedProxies, isNarrow),
    expected: 'the address or the network of a proxy (a range this wide lets callers choose their address)',
  },
  {
    find: ({ server: { publicUrl }, mail: { links } }) =>
      when(publicUrl === '' && links.length > 0, { path: ['server', 'publicUrl'], found: publicUrl }),
    expected: 'a URL: mail.links asks for links in mails, which begin with it',
  },
  {
    find: ({ server: { backendNetworks } }) =>
      findMember(['server', 'backendNetworks'], backendNetworks, isNarrow),
    expected: 'an address or a CIDR range of an inner network',
  },
  {
    find: ({ outgoing: { privateNetworks } }) =>
      findMember(['outgoing', 'privateNetworks'], privateNetworks, isNarrow),
    expected: 'an address or a CIDR range of an inner network',
  },
  {
    find: ({ server: { redirects } }) =>
      redirects
        .map(({ from }, at) => findMember(['server', 'redirects', String(at), 'from'], from, isPlace))
        .find((finding) => finding !== undefined),
    expected: 'a CIDR range, or a country code of two letters',
  },
  {
    find: ({ server: { origins } }) => findMember(['server', 'origins'], origins, isOrigin),
    expected: 'an origin like https://a.example or capacitor://localhost, without a path or wildcard',
  },
  {
    find: ({ database }) => {
      for (const role of ['write', 'read'] as const) {
        const at = database[role].findIndex(({ tls, tlsCaFile, tlsCertFile, tlsKeyFile }) => {
          const isHalf = (tlsCertFile === '') !== (tlsKeyFile === '')
          return isHalf || (!tls && tlsCaFile + tlsCertFile !== '')
        })
        if (at >= 0) return { path: ['database', role, String(at)] }
      }
      return undefined
    },
    expected: 'tlsCertFile and tlsKeyFile, or neither, and tls: true with any of the tls files',
  },
  {
    find: ({ database, words }) =>
      [
        { path: ['database', 'write'], hosts: database.write },
        { path: ['database', 'read'], hosts: database.read },
        { path: ['words', 'database', 'write'], hosts: words.database.write },
      ]
        .map(({ path, hosts }) => {
          const at = hosts.findIndex(({ tls, host }) => tls && isBareAddress(host))
          return when(at >= 0, { path: [...path, String(at), 'host'], found: hosts[at]?.host })
        })
        .find((finding) => finding !== undefined),
    expected: 'a host name with tls: true (the certificate of an address would be checked against localhost)',
  },
  {
    find: ({ server: { tls } }) =>
      when((tls.certFile === '') !== (tls.keyFile === ''), { path: ['server', 'tls'] }),
    expected: 'both certFile and keyFile, or neither',
  },
  {
    find: ({ store: { url } }) => when(url !== '' && !isStoreUrl(url), { path: ['store', 'url'] }),
    expected:
      'redis://user:password@host:6379/0, with rediss: for TLS and special characters in the password as %XX',
  },
  {
    find: ({ store: { clusterNodes } }) =>
      findMember(['store', 'clusterNodes'], clusterNodes, (text) => /^\[?[^\]]+?\]?:\d{1,5}$/.test(text)),
    expected: 'host:port',
  },
  {
    find: ({ database: { read, write } }) =>
      when(read.length > 0 && write.length === 0, { path: ['database', 'write'] }),
    expected: 'a host, since database.read has one',
  },
  {
    find: ({ database: { tables } }) => {
      const names = Object.values(tables)
      const double = names.find((name, at) => names.indexOf(name) !== at)
      return when(double !== undefined, { path: ['database', 'tables'], found: double })
    },
    expected: 'different names',
  },
  {
    find: ({ password: { cost, nextCost } }) =>
      when(nextCost > 0 && nextCost <= cost, { path: ['password', 'nextCost'], found: nextCost }),
    expected: 'more than password.cost, or 0',
  },
  {
    find: ({ database: { write, file }, security: { serverKey, keyFile }, words }) =>
      [
        when(write.length === 0, { path: ['database', 'file'], found: file }),
        when(serverKey === '', { path: ['security', 'keyFile'], found: keyFile }),
        when(words.source === 'file', { path: ['words', 'folder'], found: words.folder }),
        when(words.source === 'sql' && words.database.write.length === 0, {
          path: ['words', 'database', 'sqliteFile'],
          found: words.database.sqliteFile,
        }),
      ].find((finding) => isReplaced(String(finding?.found ?? ''))),
    expected: 'a place outside node_modules, since npm removes what is there when it installs again',
  },
  {
    find: ({ mail: { from, smtp } }) =>
      when(smtp.host === '' ? from !== '' && !isMailbox(from) : !isMailbox(from), {
        path: ['mail', 'from'],
        found: from,
      }),
    expected: 'the address that mail comes from, as no-reply@login.example, since mail.smtp.host is set',
  },
  {
    find: ({ mail: { replyTo } }) =>
      when(replyTo !== '' && !isMailbox(replyTo), { path: ['mail', 'replyTo'], found: replyTo }),
    expected: 'one address, as help@login.example, or nothing',
  },
  {
    find: ({ mail: { smtp } }) =>
      when(/[/@: ]/.test(smtp.host), { path: ['mail', 'smtp', 'host'], found: smtp.host }),
    expected: 'a host name, without scheme or port',
  },
  {
    find: ({ mail: { dkim } }) => {
      const set = [dkim.domain, dkim.selector, dkim.keyFile].filter((text) => text !== '')
      return when(set.length > 0 && set.length < 3, { path: ['mail', 'dkim'] })
    },
    expected: 'domain, selector and keyFile, or none of the three',
  },
  {
    find: ({ sms: { webhook } }) =>
      when(webhook.url !== '' && !isWebhookUrl(webhook.url), { path: ['sms', 'webhook', 'url'] }),
    expected: 'https://…, or http:// to this machine, without a user in it',
  },
  {
    find: ({ sms: { webhook } }) =>
      when(webhook.url !== '' && !isWebhookSecret(webhook.secret), { path: ['sms', 'webhook', 'secret'] }),
    expected: 'whsec_ and base64 of 24 to 64 bytes, since sms.webhook.url is set',
  },
]

/** `name@host`, without a display name: nothing is parsed out of it. */
const isMailbox = (text: string) => /^[^\s@<>()[\]\\,;:"]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(text)

/** Codes are in these calls: in clear only to a program on this machine. */
const isWebhookUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username } = new URL(text)
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  return username === '' && (protocol === 'https:' || (protocol === 'http:' && isLocal))
}

const isWebhookSecret = (text: string): boolean => {
  const { length } = Buffer.from(text.slice(6), 'base64')
  return /^whsec_[A-Za-z0-9+/]+=*$/.test(text) && length >= 24 && length <= 64
}

const isReplaced = (file: string) => file.split(/[\\/]/).includes('node_modules')

/** Throws ConfigError for the first rule that is broken. */
export const checkMeaning = (config: Config): void => {
  for (const { find, expected } of rules) {
    const finding = find(config)
    if (!finding) continue
    const found = finding.found === undefined ? '' : `, found ${showValue(finding.found)}`
    throw new ConfigError(`${nameSetting(finding.path)}: expected ${expected}${found}`)
  }
}
