// Run by tap after the tests, also after failed ones: ends the PostgreSQL that before.ts started.
import { stopEmbedded } from '../../db/embedded/launcher.ts'
import { TEST_DATA_DIR } from './postgres.ts'

if (process.env.TEST_LANE !== 'unit') await stopEmbedded(TEST_DATA_DIR)
