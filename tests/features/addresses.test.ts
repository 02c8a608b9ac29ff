/** Which addresses are addresses, and which spellings are one. */
import { performance } from 'node:perf_hooks'
import t from 'tap'
import { readDomainList, toAsciiDomain } from '../../src/adapters/domains.ts'
import { loadPhones } from '../../src/adapters/phone-numbers.ts'
import { createAddresses } from '../../src/features/addresses/addresses.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { createTestClock } from '../harness/test-server.ts'

const open = (defaultRegion = '', refusedDomains: ReadonlySet<string> = new Set()) =>
  createAddresses({
    clock: createTestClock(),
    holds: { check: async () => {}, isHeld: async () => false },
    defaultRegion,
    toAsciiDomain,
    loadPhones,
    refusedDomains,
  })

/** The name of the refusal, or the canonical text. */
const nameOf = (work: Promise<{ text: string }>) =>
  work.then(
    ({ text }) => text,
    (error) => (error instanceof Failure ? error.entry.name : Promise.reject(error)),
  )

const longLocal = 'a'.repeat(64)
const longDomain = `${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.com`

const badMails: [what: string, typed: string][] = [
  ['a line break and a header', 'a@good.example\r\nBcc: x@evil.example'],
  ['a line break at its end', 'a@good.example\n'],
  ['a carriage return within', 'a\r@good.example'],
  ['a null byte', 'a\0@good.example'],
  ['a tab in its domain, which URLs leave out', 'a@good.exa\tmple'],
  ['two addresses', 'a@x.example,b@y.example'],
  ['two addresses with a semicolon', 'a@x.example;b@y.example'],
  ['two @', 'a@b@good.example'],
  ['a quoted local part', '"x"@y.example'],
  ['a quoted local part with a space', '"a b"@y.example'],
  ['a comment', 'user@good.example(x)evil.example'],
  ['a comment before the domain', 'user@(x)good.example'],
  ['a display name', 'Ann <ann@good.example>'],
  ['brackets', '<ann@good.example>'],
  ['an address literal', 'ann@[127.0.0.1]'],
  ['an IPv4 address', 'ann@127.0.0.1'],
  ['a number that URLs read as an address', 'ann@0x7f.1'],
  ['a percent sign in its domain, which URLs decode', 'ann@ex%61mple.com'],
  ['255 bytes', `${longLocal}@${longDomain.replace('.com', 'd.com')}`],
  ['a local part of 65 bytes', `${'a'.repeat(65)}@good.example`],
  ['a label of 64 bytes', `a@${'b'.repeat(64)}.example`],
  ['a domain that is too long in A-labels', `a@${'例ü子é司ñ.'.repeat(20)}example`],
  ['no domain', 'ann@'],
  ['no local part', '@good.example'],
  ['no @', 'ann.good.example'],
  ['one label', 'ann@localhost'],
  ['an empty label', 'ann@good..example'],
  ['a dot at the end of the domain', 'ann@good.example.'],
  ['a dot at the beginning of the domain', 'ann@.good.example'],
  ['a hyphen at the beginning of a label', 'ann@-good.example'],
  ['a hyphen at the end of a label', 'ann@good-.example'],
  ['an underscore in the domain', 'ann@go_od.example'],
  ['a dot at the beginning of the local part', '.ann@good.example'],
  ['two dots in the local part', 'a..nn@good.example'],
  ['a blank within', 'a nn@good.example'],
  ['Cyrillic letters in the local part', '\u0430nn@good.example'],
  ['a dotless i, which upper case makes an I', 'm\u0131ke@good.example'],
  ['a Kelvin sign, which lower case makes a k', 'mi\u212Ae@good.example'],
  ['an A-label that decodes to nothing', 'ann@xn--a.example'],
  ['a joiner in its domain', 'ann@go\u200dod.example'],
  ['a soft hyphen in its domain', 'ann@go\u00adod.example'],
  ['a lone surrogate', 'ann@go\ud800od.example'],
  ['nothing at all', ''],
]

t.test('refuses what is no e-mail address', async (t) => {
  const { parse } = open()
  for (const [what, typed] of badMails) t.equal(await nameOf(parse(typed, 'email')), 'MAIL_INVALID', what)
})

t.test('keeps an address as it is sent to, and compares it folded', async (t) => {
  const { parse } = open()
  const rows: [typed: string, text: string, key: string][] = [
    ['Ann@Good.Example', 'Ann@good.example', 'email:ann@good.example'],
    [' ann@good.example\u3000', 'ann@good.example', 'email:ann@good.example'],
    ["o'hara+tag@good.example", "o'hara+tag@good.example", "email:o'hara+tag@good.example"],
    ['a@Bücher.example', 'a@xn--bcher-kva.example', 'email:a@xn--bcher-kva.example'],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example', 'email:a@xn--bcher-kva.example'],
    ['a@例子。公司', 'a@xn--fsqu00a.xn--55qx5d', 'email:a@xn--fsqu00a.xn--55qx5d'],
    ['a@ｇｏｏｄ.example', 'a@good.example', 'email:a@good.example'],
    [`${longLocal}@${longDomain}`, `${longLocal}@${longDomain}`, `email:${longLocal}@${longDomain}`],
  ]
  for (const [typed, text, key] of rows) {
    const found = await parse(typed, 'email')
    t.match(found, { kind: 'email', text }, typed)
    t.equal(found.key.toString(), key, typed)
  }
  t.equal(`${longLocal}@${longDomain}`.length, 254, 'the longest one')
})

t.test('a domain that looks like another one is another one', async (t) => {
  const { parse } = open()
  const [latin, cyrillic] = [
    await parse('a@paypal.example', 'email'),
    await parse('a@p\u0430ypal.example', 'email'),
  ]
  t.not(latin.key.toString(), cyrillic.key.toString())
  t.match(cyrillic.text, /^a@xn--/, 'and its letters are seen')
})

t.test('refuses a domain of the list and those below it', async (t) => {
  const dir = t.testdir({ 'domains.txt': '# thrown away\nTrash.example\nmüll.example # and this\n\n' })
  const { parse, checkAllowed } = open(
    '',
    readDomainList(`${dir}/domains.txt`, 'addresses.refusedDomainsFile'),
  )
  const refused = async (typed: string) => {
    const address = await parse(typed)
    try {
      checkAllowed(address)
      return false
    } catch {
      return true
    }
  }
  t.equal(await refused('a@trash.example'), true)
  t.equal(await refused('a@x.y.TRASH.example'), true)
  t.equal(await refused('a@xn--mll-hoa.example'), true)
  t.equal(await refused('a@nottrash.example'), false)
  t.equal(await refused('trash.example@good.example'), false)
  t.equal(await refused('+8613800138000'), false)
  t.throws(() => readDomainList(`${dir}/none`, 'addresses.refusedDomainsFile'), {
    message: /^addresses\.refusedDomainsFile: /,
  })
  t.same(readDomainList('', 'addresses.refusedDomainsFile'), new Set())
})

const onePhone: [region: string, typed: string][] = [
  ...[
    '+86 138 0013 8000',
    '+8613800138000',
    '+86-138-0013-8000',
    '(+86) 138.0013.8000',
    '+86 (0)138 0013 8000',
    '＋８６ １３８ ００１３ ８０００',
    '+86\u00a0138\u20110013\u20118000',
    '+86 138/0013/8000',
    '  +86 138 0013 8000 ',
  ].map((typed): [string, string] => ['', typed]),
  ...[
    '13800138000',
    '138 0013 8000',
    '１３８００１３８０００',
    '0086 138 0013 8000',
    '86 138 0013 8000',
    '0138 0013 8000',
    '٠١٣٨٠٠١٣٨٠٠٠',
    '+86 138 0013 8000',
  ].map((typed): [string, string] => ['CN', typed]),
]

t.test('all spellings of one number are one', async (t) => {
  for (const [region, typed] of onePhone) {
    const found = await open(region).parse(typed, 'phone')
    t.match(found, { kind: 'phone', text: '+8613800138000', country: 'CN' }, typed)
    t.equal(found.key.toString(), 'phone:+8613800138000', typed)
  }
  for (const [region, typed] of [
    ['', '+61 0412 345 678'],
    ['', '+61412345678'],
    ['AU', '0412 345 678'],
    ['CN', '0061 412 345 678'],
  ] as const) {
    t.equal((await open(region).parse(typed, 'phone')).text, '+61412345678', typed)
  }
  t.equal((await open('IT').parse('347 123 4567', 'phone')).text, '+393471234567')
})

const badPhones: [what: string, region: string, typed: string][] = [
  ['no country, where none is set', '', '13800138000'],
  ['a landline', '', '+86 10 6552 9988'],
  ['an Italian landline, whose zero is a digit of it', '', '+39 06 1234 5678'],
  ['an Italian mobile with a zero that it does not have', '', '+39 0347 123 4567'],
  ['a digit too many', '', '+86 138 0013 80001'],
  ['a digit too few', '', '+86 138 0013 800'],
  ['an extension', '', '+8613800138000 x12'],
  ['an extension as in a URL', '', '+8613800138000;ext=3'],
  ['a URL', '', 'tel:+8613800138000'],
  ['letters', 'US', '1-800-FLOWERS'],
  ['two plus signs', '', '++8613800138000'],
  ['a plus sign within', '', '+86+13800138000'],
  ['two numbers', '', '+8613800138000,+8613800138001'],
  ['a line break and more', '', '+8613800138000\r\n+8613800138001'],
  ['a null byte', '', '+86138\x00138000'],
  ['a country that is none', '', '+999 138 0013 8000'],
  ['41 characters', '', `+86${' '.repeat(28)}13800138000`],
  ['nothing', '', ''],
]

t.test('refuses what is no mobile phone number', async (t) => {
  for (const [what, region, typed] of badPhones) {
    t.equal(await nameOf(open(region).parse(typed, 'phone')), 'PHONE_INVALID', what)
  }
})

t.test('tells mail and phone apart, and a login from both', async (t) => {
  const { parse, parseLogin } = open('CN')
  t.equal(await nameOf(parse('ann@good.example')), 'ann@good.example')
  t.equal(await nameOf(parse('13800138000')), '+8613800138000')
  t.equal(await nameOf(parse('ann')), 'ADDRESS_INVALID')
  t.equal(await nameOf(parse('')), 'ADDRESS_INVALID')
  t.equal(await nameOf(parse('a@b@c')), 'MAIL_INVALID')
  const kinds = async (typed: string) => (await parseLogin(typed))?.kind
  t.equal(await kinds('Ann@good.example'), 'email')
  t.equal(await kinds('138 0013 8000'), 'phone')
  for (const typed of ['ann', '10001', 'a@b', '1380013', '+1', '', '9'.repeat(15)]) {
    t.equal(await kinds(typed), undefined, typed)
  }
  t.equal(await open('').parseLogin('13800138000'), undefined, 'a user number, where no region is set')
})

t.test('the length is judged before the text', async (t) => {
  const { parse, parseLogin } = open('CN')
  const rows = ['<', '@', '+', '1', '.', 'ü', '\ufdfa', 'a@', ' '].map((it) => it.repeat(60_000 / it.length))
  await parse('+8613800138000')
  for (const typed of rows) {
    const began = performance.now()
    await nameOf(parse(typed))
    await nameOf(parse(typed, 'email'))
    await nameOf(parse(typed, 'phone'))
    await parseLogin(typed)
    t.comment(`${typed.slice(0, 2)}…: ${(performance.now() - began).toFixed(2)} ms`)
  }
  // What is refused by its length is not even read: these have no text at all.
  const unread = (length: number) => {
    const text = { length }
    return text as unknown as string
  }
  t.equal(await nameOf(parse(unread(255), 'email')), 'MAIL_INVALID')
  t.equal(await nameOf(parse(unread(41), 'phone')), 'PHONE_INVALID')
  t.equal(await nameOf(parse(unread(255))), 'ADDRESS_INVALID')
  t.equal(await parseLogin(unread(255)), undefined)
})
