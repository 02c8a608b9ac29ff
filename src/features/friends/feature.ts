/** Friends: who follows whom, who is whose friend, who has blocked whom, and what users ask of each other. */
import { type AdminWorld, feature } from '../feature.ts'
import { relations as relationsApi } from './between.ts'

export const relations = feature({ create: (_world: AdminWorld) => ({ api: relationsApi }) })
