import type { Config } from '../../config/index.ts'
import type { FilterOptions } from './filter.ts'
import { createFolding } from './fold.ts'
import type { SkeletonOf } from './looks.ts'
import { createReadWord, type ReadWord } from './read-word.ts'

export type WordWorld = {
  config: Config
  /** Replaces characters by those that they look like (UTS 39). */
  unmask(text: string): string
  loadSimplified(): Promise<(text: string) => string>
}

/** How words and texts are compared, by the configuration. */
export const openOptions = async ({ config, unmask, loadSimplified }: WordWorld): Promise<FilterOptions> => {
  const { wildcard, ignored, foldNumbers, foldMarks, foldChinese, mask, maxGap } = config.words
  const toSimplified = foldChinese ? await loadSimplified() : undefined
  const skeletonOf = createSkeleton(unmask)
  return { wildcard, ignored, foldNumbers, foldMarks, toSimplified, mask, maxGap, skeletonOf }
}

/** Unmasked before and after the case is folded, since I looks like l. */
const createSkeleton = (unmask: (text: string) => string): SkeletonOf => {
  const look = (text: string) => unmask(text.normalize('NFD')).normalize('NFD')
  return (text) => {
    const visible = text.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    return look(look(visible.replace(/\s+/gu, ' ').trim()).toLowerCase())
  }
}

export const openReadWord = async (world: WordWorld): Promise<ReadWord> => {
  const options = await openOptions(world)
  return createReadWord(createFolding(options), options.wildcard)
}
