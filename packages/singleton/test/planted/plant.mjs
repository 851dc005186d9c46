// `node --import plant.mjs ...` with a bug's edits as JSON in TANIST_PLANT: for programs that start others.
import { register } from 'node:module'

register(new URL('loader.mjs', import.meta.url), { data: JSON.parse(process.env.TANIST_PLANT ?? '[]') })
