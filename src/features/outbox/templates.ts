/**
 * Templates of messages: text with `{variable}`. A mail's first line is `Subject: …`; paragraphs are divided by empty
 * lines. The HTML part of a mail is made of the same paragraphs, put into layout.html.
 */
import type { TemplateFiles } from '../../adapters/message-templates.ts'
import type { Language } from '../../protocol/errors.ts'
import { escapeHtml } from '../../protocol/html.ts'
import type { Channel, MessageKind } from './api.ts'
import { kinds, ownVariables } from './kinds.ts'

export type Variables = Readonly<Record<string, string>>
export type Rendered = { subject: string; text: string; html: string }
export type Templates = { render(kind: MessageKind, language: Language, variables: Variables): Rendered }

type Template = { subject: string; paragraphs: readonly string[] }

const languages: readonly Language[] = ['zh-CN', 'en']
const placeholder = /\{([A-Za-z]+)\}/g
const layoutName = 'layout.html'
const layoutNames = ['language', 'subject', 'app', 'body']

const namesIn = (text: string): string[] => [...text.matchAll(placeholder)].map(([, name = '']) => name)

/** A line break in a value would end a header or begin a paragraph: every value is one line. */
const oneLine = (text: string) => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()

const fill = (text: string, variables: Variables, change: (value: string) => string = (value) => value) =>
  text.replace(placeholder, (_all, name: string) => change(variables[name] ?? ''))

const style = {
  text: 'margin:0 0 16px',
  code: 'margin:0 0 16px;font-size:28px;font-weight:700;letter-spacing:4px',
} as const

/** A paragraph of a mail's HTML part; a link becomes one to click. */
const toHtml = (paragraph: string, variables: Variables): string => {
  const { link = '', ...rest } = variables
  const anchor = `<a href="${escapeHtml(link)}">${escapeHtml(link)}</a>`
  const [isCode, withLink] = [paragraph === '{code}', escapeHtml(paragraph).split('{link}')]
  const inner = withLink.map((part) => fill(part, rest, escapeHtml).replaceAll('\n', '<br>')).join(anchor)
  return `<p style="${isCode ? style.code : style.text}">${inner}</p>`
}

const parse = (text: string, channel: Channel): Template | string => {
  const lines = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
  const [, subject = '', rest = lines] = /^Subject: *([^\n]+)\n(.*)$/s.exec(lines) ?? []
  if (channel === 'email' && subject === '') return 'its first line is not "Subject: …"'
  const paragraphs = rest
    .split(/\n[ \t]*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
  return paragraphs.length > 0 ? { subject, paragraphs } : 'it has no text'
}

/** What is wrong with a template; empty: nothing. */
const findFault = ({ subject, paragraphs }: Template, kind: MessageKind): string => {
  const { required, optional } = kinds[kind]
  const used = namesIn([subject, ...paragraphs].join('\n'))
  const unknown = used.find((name) => ![...required, ...optional, ...ownVariables].includes(name))
  if (unknown !== undefined) return `{${unknown}} is no variable of it`
  const inSubject = namesIn(subject).find((name) => optional.includes(name))
  if (inSubject !== undefined) return `{${inSubject}} may be missing, so it cannot be in the subject`
  const always = paragraphs.flatMap((one) =>
    namesIn(one).some((name) => optional.includes(name)) ? [] : namesIn(one),
  )
  const missing = required.find((name) => !always.includes(name))
  return missing === undefined ? '' : `{${missing}} is missing in it`
}

/** All templates of a channel. Throws an error that names the file, for a start that fails. */
export const createTemplates = (channel: Channel, { files, refuse }: TemplateFiles): Templates => {
  const read = (name: string) => {
    const text = files.get(name)
    if (text === undefined) throw refuse(name, 'it does not exist')
    return text
  }
  const parsed = new Map<string, Template>()
  for (const language of languages) {
    for (const kind of Object.keys(kinds) as MessageKind[]) {
      const name = `${language}/${kind}.txt`
      const template = parse(read(name), channel)
      if (typeof template === 'string') throw refuse(name, template)
      const fault = findFault(template, kind)
      if (fault !== '') throw refuse(name, fault)
      parsed.set(`${language}/${kind}`, template)
    }
  }
  const layout = channel === 'email' ? read(layoutName) : ''
  const absent = channel === 'email' && layoutNames.find((name) => !namesIn(layout).includes(name))
  if (absent) throw refuse(layoutName, `{${absent}} is missing in it`)

  return {
    render: (kind, language, given) => {
      const template = parsed.get(`${language}/${kind}`)
      if (!template) throw new Error(`no template ${language}/${kind}`)
      const variables = Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, oneLine(value)]),
      )
      const paragraphs = template.paragraphs.filter((one) => namesIn(one).every((name) => variables[name]))
      const subject = fill(template.subject, variables)
      const filled = paragraphs.map((one) => fill(one, variables))
      if (channel === 'phone') return { subject: '', text: filled.join('\n'), html: '' }
      const text = `${filled.join('\n\n')}\n`
      const body = paragraphs.map((one) => toHtml(one, variables)).join('\n')
      const { app = '' } = variables
      const outer: Variables = {
        language,
        subject: escapeHtml(subject),
        app: escapeHtml(app),
        body,
      }
      return { subject, text, html: fill(layout, outer) }
    },
  }
}
