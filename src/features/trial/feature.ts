/** What a trial has beside the server itself: a demo app, and a page to click. */
import type { Providers } from '../../adapters/providers/driver.ts'
import type { Language } from '../../protocol/errors.ts'
import type { AppSummary, Apps } from '../apps/api.ts'
import { feature, type World } from '../feature.ts'
import { renderTrial } from './page.ts'

const demoName = 'demo'
const mostOrigins = 40

type DemoNeeds = { apps: Pick<Apps, 'list' | 'add' | 'set'> }
/** `appSecret` only of an app that was just made: it is shown once. */
export type Demo = { appId: string; appSecret?: string }

const isUsable = ({ name, isPublic, isDisabled }: AppSummary) => name === demoName && isPublic && !isDisabled

/** The page of the trial, where a login by a provider ends. */
const backTo = (origin: string) => `${origin}/`

const findDemo = async ({ list }: Pick<Apps, 'list'>) => (await list()).find(isUsable)

/** The demo app of a server that listens at these origins; made where there is no app at all. */
const openDemo = async ({ apps }: DemoNeeds, origins: readonly string[]): Promise<Demo | undefined> => {
  if ((await apps.list()).length === 0) {
    return apps.add({ name: demoName, isPublic: true, origins, redirects: origins.map(backTo) })
  }
  const demo = await findDemo(apps)
  if (!demo) return undefined
  const { appId } = demo
  const missing = origins.filter((origin) => !demo.origins.includes(origin))
  // What an administrator has added stays; each start at a free port adds its own.
  const missingBacks = origins.map(backTo).filter((back) => !demo.redirects.includes(back))
  if (missing.length + missingBacks.length > 0)
    await apps.set(appId, {
      origins: [...demo.origins, ...missing].slice(-mostOrigins),
      redirects: [...demo.redirects, ...missingBacks].slice(-mostOrigins),
    })
  return { appId }
}

const describeAll = (providers: Providers, language: Language) =>
  [...providers.values()].map(({ provider: { name, title, titleChinese } }) => ({
    name,
    title: language === 'zh-CN' ? titleChinese : title,
  }))

export const trial = feature({
  create: ({ isTrial, providers }: World, { apps }: DemoNeeds) => ({
    api: { openDemo: (origins: readonly string[]) => openDemo({ apps }, origins) },
    pages: isTrial
      ? [
          {
            path: '/',
            method: 'GET' as const,
            limit: 'other',
            render: async ({ caller, nonce }) => ({
              html: renderTrial(
                caller.language,
                (await findDemo(apps))?.appId,
                describeAll(providers, caller.language),
                nonce,
              ),
            }),
          },
        ]
      : [],
  }),
})
