/** Debian's Chromium, without a window and without its own traffic. */
import { type Browser, chromium } from 'playwright-core'
import { findProgram } from '../../tools/test/programs.ts'

const quiet = ['no-sandbox', 'disable-gpu', 'disable-dev-shm-usage', 'disable-background-networking']

export const openBrowser = (): Promise<Browser> => {
  const executablePath = findProgram('chromium', 'chromium-browser', 'google-chrome')
  if (executablePath === undefined) throw new Error('chromium is not installed')
  return chromium.launch({ executablePath, args: quiet.map((name) => `--${name}`) })
}
