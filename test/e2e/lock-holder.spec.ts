import { testEnd } from './lock-holder.js'

testEnd('S13 when the refreshing tab crashes', async (holder) => (await holder.process()).kill)
