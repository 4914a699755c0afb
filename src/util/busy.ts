/** Statuses that say nothing about the request itself: the server or a gateway is busy, too slow, or limits the rate. */
export const isBusy = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status)
